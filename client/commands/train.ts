import { loadDefinition } from '../loadDefinition.ts';
import { parseRunName } from '../names.ts';
import { overrideSources, parseSourceArguments } from '../overrideSources.ts';
import { connectReady } from '../ready.ts';
import { showStack } from '../terminal/showStack.ts';
import { openTerminal, type Terminal } from '../terminal/terminal.ts';
import type { PerennialClient } from '../client.ts';
import type { TrainingHandle } from '../trainingHandle.ts';
import { watchRun } from '../watchRun.ts';
import { untilInterrupted } from './session.ts';

/** `npx perennial train`: from a file to a registered model. */
export async function train(
  file: string,
  options: { source?: string[]; wait: boolean; json?: boolean },
): Promise<number> {
  const terminal = openTerminal(options);
  // Everything that can be wrong with the input is said before anything is started.
  const { definition: written, baseDirectory } = await loadDefinition(file);
  const paths = parseSourceArguments(options.source ?? []);
  const definition = overrideSources(written, paths, { baseDirectory, from: process.cwd() });
  const client = await open(terminal);
  try {
    const handle = await client.train(definition, { baseDirectory });
    const { name, run, uiUrl } = handle;
    terminal.note(`Run ${name}/${run}`);
    if (uiUrl) terminal.note(terminal.noteColors.dim(uiUrl));
    if (options.wait) return await wait(client, handle, terminal);
    terminal.print(`Started ${name}/${run}; wait for it with \`npx perennial attach ${name}/${run}\`.`);
    terminal.object(stillRunning(handle));
    return 0;
  } finally {
    await client.close();
  }
}

/** `npx perennial attach`: back to a run. */
export async function attach(text: string, options: { json?: boolean }): Promise<number> {
  const { name, run } = parseRunName(text);
  const terminal = openTerminal(options);
  const client = await open(terminal);
  try {
    return await wait(client, await client.attach(name, run), terminal);
  } finally {
    await client.close();
  }
}

async function open(terminal: Terminal): Promise<PerennialClient> {
  const stack = showStack(terminal);
  const { client, started } = await connectReady(stack.onEvent).finally(() => stack.stop());
  if (started) terminal.note('The stack is up and stays up; `npx perennial down` stops it.');
  return client;
}

/** Until the end, or until Ctrl-C, which leaves the run to the workers. */
async function wait(client: PerennialClient, handle: TrainingHandle, terminal: Terminal): Promise<number> {
  const code = await untilInterrupted((signal) => watchRun(client, handle, terminal, signal));
  if (code !== undefined) return code;
  const at = `${handle.name}/${handle.run}`;
  terminal.note(
    `${at} goes on without you. Come back to it with \`npx perennial attach ${at}\`, end it with \`npx perennial cancel ${at}\`.`,
  );
  terminal.object(stillRunning(handle));
  return 1;
}

function stillRunning({ name, run, workflowId, uiUrl }: TrainingHandle) {
  return { name, run, workflowId, uiUrl: uiUrl ?? null, outcome: 'running' };
}
