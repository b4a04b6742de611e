import { CommanderError } from 'commander';
import { readEnvironment } from '../config/environment.ts';
import { PerennialError } from '../config/errors.ts';
import { buildProgram } from './program.ts';
import { errorObject, errorText } from './terminal/errorText.ts';
import { openTerminal } from './terminal/terminal.ts';

/**
 * Runs one command.
 *
 * @returns the exit code: 0 done, 2 bad input, 3 a check or gate said no, 1 anything else.
 */
export async function main(args: readonly string[]): Promise<number> {
  const terminal = openTerminal({ json: args.includes('--json') });
  let code = 0;
  try {
    await buildProgram((result) => (code = result)).parseAsync(args, { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return usage(error);
    const { fromFailure } = await import('./failure.ts');
    const known = fromFailure(error);
    terminal.note(errorText(known, terminal.noteColors));
    if (wantsStack()) terminal.note(stackOf(error));
    else if (known.code === 'INTERNAL')
      terminal.note('  This is a defect of Perennial; PERENNIAL_LOG=debug shows where.');
    terminal.object(errorObject(known));
    return known.kind.exitCode;
  }

  /** commander has said it already; asking for help is no error. */
  function usage(error: CommanderError): number {
    if (error.exitCode === 0) return 0;
    const message = error.message.replace(/^error: /, '');
    terminal.object(
      errorObject(new PerennialError('INVALID_INPUT', message, { expected: 'a call as --help shows it' })),
    );
    return 2;
  }
}

function wantsStack(): boolean {
  try {
    return ['debug', 'trace'].includes(readEnvironment().logLevel);
  } catch {
    return false; // The environment itself is what is wrong.
  }
}

function stackOf(error: unknown): string {
  const stacks: string[] = [];
  for (let link = error; link instanceof Error; link = link.cause) stacks.push(link.stack ?? link.message);
  return stacks.join('\ncaused by ');
}
