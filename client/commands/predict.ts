import { connect } from '../client.ts';
import { parseModelName } from '../names.ts';
import { count } from '../terminal/format.ts';
import { openTerminal } from '../terminal/terminal.ts';

/** `npx perennial predict` */
export async function predict(
  text: string,
  options: { input: string; output: string; json?: boolean },
): Promise<void> {
  const { name, version } = parseModelName(text);
  const terminal = openTerminal(options);
  const client = await connect();
  try {
    const { input, output } = options;
    const prediction = await client.predict(name, { version, input, output });
    terminal.print(
      `Scored ${count(prediction.rows)} rows with ${prediction.name}@${prediction.version} into ${output}.`,
    );
    terminal.object(prediction);
  } finally {
    await client.close();
  }
}
