import { count } from '../terminal/format.ts';
import { openTerminal } from '../terminal/terminal.ts';
import { withClient } from './session.ts';

/** `npx perennial labels send` */
export async function send(name: string, file: string, options: { json?: boolean }): Promise<void> {
  const terminal = openTerminal(options);
  await withClient(async (client) => {
    const { accepted, unchanged, corrected } = await client.labels.send(name, file);
    terminal.print(
      `${count(accepted)} labels are new, ${count(corrected)} correct another, ${count(unchanged)} were there.`,
    );
    terminal.object({ name, accepted, corrected, unchanged });
  });
}
