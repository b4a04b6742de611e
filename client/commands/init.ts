import { relative } from 'node:path';
import { PerennialError } from '../../config/errors.ts';
import { initialize } from '../initialize.ts';
import { count } from '../terminal/format.ts';
import { openTerminal } from '../terminal/terminal.ts';

/** `perennial init` */
export async function init(
  file: string | undefined,
  options: { from?: string; target?: string; name?: string; out: string; force?: boolean; json?: boolean },
): Promise<void> {
  const terminal = openTerminal(options);
  const from = file ?? options.from;
  if (from === undefined || (file !== undefined && options.from !== undefined && file !== options.from)) {
    throw new PerennialError('INVALID_INPUT', 'Say from which file the definition is to be written.', {
      field: '--from',
      expected: 'one file, for example `npx perennial init customers.csv`',
    });
  }
  const { out, target, name, force } = options;
  const made = await initialize({ from, out, target, name, force });
  const path = relative(process.cwd(), made.path);
  terminal.print(`Wrote ${path} from ${from} (${count(made.rows)} rows, ${made.columns} columns).`);
  terminal.print(
    `It predicts ${made.target}${made.guessed ? ', which is a guess: --target names another column' : ''}.`,
  );
  terminal.print(`Read it, then: npx perennial train ${path}`);
  terminal.object(made);
}
