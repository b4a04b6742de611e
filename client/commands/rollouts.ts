import { PerennialError } from '../../config/errors.ts';
import type { RolloutOrderName } from '../../workflows/rolloutMessages.ts';
import { actorOf } from '../actor.ts';
import type { PerennialClient, RolloutHandle } from '../client.ts';
import { parseModelName, parseRolloutName } from '../names.ts';
import { readPolicy, type PolicyOptions } from '../policyOptions.ts';
import { connectReady } from '../ready.ts';
import { explainText, lookText } from '../terminal/explainText.ts';
import { exitCode, progressText, rolloutTable, verdictText } from '../terminal/rolloutText.ts';
import { showStack } from '../terminal/showStack.ts';
import { openTerminal, type Terminal } from '../terminal/terminal.ts';
import { watchRollout } from '../watchRollout.ts';
import { untilInterrupted, withClient } from './session.ts';

interface WaitOptions {
  toEnd?: boolean;
  json?: boolean;
}

/** `npx perennial rollout start` */
export async function start(
  text: string,
  options: PolicyOptions & WaitOptions & { wait: boolean; reason?: string; as?: string },
): Promise<number> {
  const terminal = openTerminal(options);
  const { name, version } = parseModelName(text);
  if (version === undefined) {
    throw new PerennialError('INVALID_INPUT', `Which version of ${name} is to be rolled out?`, {
      field: 'model',
      value: text,
      expected: `a version, such as ${name}@2`,
    });
  }
  const policy = await readPolicy(options);
  const stack = showStack(terminal);
  const { client } = await connectReady(stack.onEvent).finally(() => stack.stop());
  try {
    const { reason } = options;
    const handle = await client.rollouts.start(name, version, {
      policy,
      startedBy: actorOf(options),
      reason,
    });
    terminal.note(`Rollout ${name}/${handle.number}`);
    if (handle.uiUrl) terminal.note(terminal.noteColors.dim(handle.uiUrl));
    if (options.wait) return await wait(client, handle, terminal, options);
    terminal.print(
      `Started ${name}/${handle.number}; watch it with \`npx perennial rollout watch ${name}/${handle.number}\`.`,
    );
    const { number, workflowId, uiUrl = null } = handle;
    terminal.object({ name, number, workflowId, uiUrl, outcome: 'running' });
    return 0;
  } finally {
    await client.close();
  }
}

/** `npx perennial rollout watch` */
export async function watch(text: string, options: WaitOptions): Promise<number> {
  const { name, number } = parseRolloutName(text);
  const terminal = openTerminal(options);
  return withClient(async (client) =>
    wait(client, await client.rollouts.attach(name, number), terminal, options),
  );
}

/** `npx perennial rollout show`: how it stands, without waiting. */
export async function show(text: string, options: { json?: boolean }): Promise<void> {
  const { name, number } = parseRolloutName(text);
  const terminal = openTerminal(options);
  await withClient(async (client) => {
    const handle = await client.rollouts.attach(name, number);
    const progress = await handle.progress();
    terminal.print(progressText(progress, terminal.colors));
    terminal.object({ ...progress, workflowId: handle.workflowId, uiUrl: handle.uiUrl ?? null });
  });
}

/** `npx perennial rollout list` */
export async function list(
  name: string | undefined,
  options: { limit: number; json?: boolean },
): Promise<void> {
  const terminal = openTerminal(options);
  await withClient(async (client) => {
    const all = await client.rollouts.list(name, options.limit);
    terminal.print(
      all.length === 0
        ? 'No rollouts yet: `npx perennial rollout start <name>@<version>` begins one.'
        : rolloutTable(all, terminal.colors),
    );
    terminal.object({ rollouts: all });
  });
}

/** `npx perennial rollout pause`, `resume`, `abort`, `approve`, `promote`, `rollback` */
export function order(which: RolloutOrderName) {
  return async (text: string, options: { reason: string; as?: string; json?: boolean }): Promise<void> => {
    const { name, number } = parseRolloutName(text);
    const terminal = openTerminal(options);
    await withClient(async (client) => {
      const handle = await client.rollouts.attach(name, number);
      const progress = await handle.order(which, { actor: actorOf(options), reason: options.reason });
      terminal.print(`${name}/${number} took the order (${which}).`);
      terminal.print(progressText(progress, terminal.colors));
      terminal.object(progress);
    });
  };
}

/** `npx perennial rollout explain` */
export async function explain(
  text: string,
  options: { look?: number; all?: boolean; json?: boolean },
): Promise<void> {
  const { name, number } = parseRolloutName(text);
  const terminal = openTerminal(options);
  await withClient(async (client) => {
    const explanation = await client.rollouts.explain(name, number);
    if (options.look === undefined) {
      terminal.print(explainText(explanation, terminal.colors, options));
      terminal.object(explanation);
      return;
    }
    const look = explanation.looks.find(({ index }) => index === options.look);
    if (!look) {
      throw new PerennialError('NOT_FOUND', `${name}/${number} has no look ${options.look}.`, {
        field: '--look',
        value: options.look,
        expected:
          explanation.looks.length === 0 ? 'a look; none was taken' : `1 to ${explanation.looks.length}`,
      });
    }
    terminal.print(lookText(look, explanation.rollout.policy.steps.length, terminal.colors));
    terminal.object(look);
  });
}

/** Until it is decided, or until Ctrl-C, which leaves the rollout to the workers. */
async function wait(
  client: PerennialClient,
  handle: RolloutHandle,
  terminal: Terminal,
  { toEnd }: WaitOptions,
): Promise<number> {
  const at = `${handle.name}/${handle.number}`;
  const last = await untilInterrupted((signal) => watchRollout(client, handle, terminal, { signal, toEnd }));
  if (!last) {
    terminal.note(
      `${at} goes on without you. Come back to it with \`npx perennial rollout watch ${at}\`, end it with \`npx perennial rollout abort ${at} --reason ...\`.`,
    );
    return 1;
  }
  terminal.print(verdictText(last, terminal.colors));
  terminal.object({ ...last, workflowId: handle.workflowId, uiUrl: handle.uiUrl ?? null });
  return exitCode(last);
}
