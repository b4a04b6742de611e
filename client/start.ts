import { readEnvironment, type Environment } from '../config/environment.ts';
import { PerennialError } from '../config/errors.ts';
import { readStack } from '../embedded/stackFile.ts';
import { startStack } from '../embedded/supervisor.ts';
import { connect } from './client.ts';
import { fromFailure } from './failure.ts';
import { tellStory } from './story.ts';
import { errorText } from './terminal/errorText.ts';
import { showStack } from './terminal/showStack.ts';
import { openTerminal } from './terminal/terminal.ts';

/**
 * `npm start`: the whole stack in this process, the story of the flights (client/story.ts) from their files to a
 * rollback, and then the stack until Ctrl-C. With --once it ends when the story has ended.
 */
const terminal = openTerminal();
const interrupt = new AbortController();
// A terminal that is closed says SIGHUP, and takes what is written to it with an error: all the same is stopped in order.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => interrupt.abort());
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => interrupt.abort());
process.exit(await start(process.argv.slice(2)));

async function start(args: readonly string[]): Promise<number> {
  try {
    const unknown = args.find((argument) => argument !== '--once');
    if (unknown !== undefined) {
      throw new PerennialError('INVALID_INPUT', `npm start does not know ${unknown}.`, {
        value: unknown,
        expected: '`npm start`, or `npm start -- --once`',
      });
    }
    return await withStack(readEnvironment(), args.includes('--once'));
  } catch (error) {
    const known = fromFailure(error);
    if (!interrupt.signal.aborted) terminal.note(errorText(known, terminal.noteColors));
    return known.kind.exitCode;
  }
}

async function withStack(environment: Environment, once: boolean): Promise<number> {
  const { bold, dim } = terminal.noteColors;
  if (readStack(environment.home)?.ready) {
    terminal.note(
      `The stack in ${environment.home} is up already and stays up; \`npx perennial down\` stops it.`,
    );
    return run(environment);
  }
  const display = showStack(terminal);
  const stack = await startStack({
    environment,
    onEvent: (event) => display.onEvent(event),
    signal: interrupt.signal,
  }).finally(() => display.stop());
  try {
    if (stack.info.uiUrl) terminal.note(`\nTemporal Web UI  ${bold(stack.info.uiUrl)}`);
    if (stack.info.gatewayUrl) terminal.note(`Gateway          ${bold(`${stack.info.gatewayUrl}/docs`)}`);
    const code = await run(environment);
    if (once || interrupt.signal.aborted) return code;
    terminal.note(`\nEverything stays up until Ctrl-C. ${dim('In another terminal: npx perennial --help')}`);
    await interrupted();
    return code;
  } finally {
    terminal.note('Stopping ...');
    await stack.stop();
  }
}

async function run(environment: Environment): Promise<number> {
  const client = await connect({ environment });
  try {
    return await tellStory(client, { home: environment.home, terminal, signal: interrupt.signal });
  } catch (error) {
    // Inside of a stack that stays up, a run that failed is told at once.
    const known = fromFailure(error);
    terminal.note(errorText(known, terminal.noteColors));
    return known.kind.exitCode;
  } finally {
    await client.close();
  }
}

/** The children of this process keep it going until then. */
function interrupted(): Promise<void> {
  const { signal } = interrupt;
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
