import { basename } from 'node:path';
import { actorOf } from '../actor.ts';
import type { PerennialClient } from '../client.ts';
import { loadDefinition } from '../loadDefinition.ts';
import { connectReady } from '../ready.ts';
import { deployedText, lifecycleTable, lifecycleText } from '../terminal/lifecycleText.ts';
import { showStack } from '../terminal/showStack.ts';
import { openTerminal, type Terminal } from '../terminal/terminal.ts';
import { withClient } from './session.ts';

interface OrderOptions {
  reason: string;
  as?: string;
  json?: boolean;
}

/** `npx perennial deploy`: what the lifecycle lives by from now on. */
export async function deploy(
  file: string,
  options: Omit<OrderOptions, 'reason'> & { reason?: string; dryRun?: boolean },
): Promise<void> {
  const terminal = openTerminal(options);
  // Everything that can be wrong with the input is said before anything is started.
  const { definition, baseDirectory } = await loadDefinition(file);
  const { dryRun, reason = `perennial deploy ${basename(file)}` } = options;
  const act = async (client: PerennialClient): Promise<void> => {
    const order = { actor: actorOf(options), reason, baseDirectory, dryRun };
    const answer = await client.lifecycles.deploy(definition, order);
    const { name, action, uiUrl = null } = answer;
    const progress =
      dryRun || action === 'nothing' ? undefined : await client.lifecycles.attach(name).progress();
    if (uiUrl && !dryRun) terminal.note(terminal.noteColors.dim(uiUrl));
    terminal.print(deployedText(answer, progress, terminal.colors));
    terminal.object({ ...answer, uiUrl, run: progress?.training?.run ?? null });
  };
  await (dryRun ? withClient(act) : withStack(terminal, act));
}

/** `npx perennial lifecycle list` */
export async function list(options: { json?: boolean }): Promise<void> {
  const terminal = openTerminal(options);
  await withClient(async (client) => {
    const all = await client.lifecycles.list();
    terminal.print(
      all.length === 0
        ? 'No lifecycles yet: `npx perennial deploy <definition>` begins one.'
        : lifecycleTable(all, terminal.colors),
    );
    terminal.object({ lifecycles: all });
  });
}

/** `npx perennial lifecycle show` */
export async function show(name: string, options: { json?: boolean }): Promise<void> {
  const terminal = openTerminal(options);
  await withClient(async (client) => {
    const handle = client.lifecycles.attach(name);
    const progress = await handle.progress();
    terminal.print(lifecycleText(progress, terminal.colors));
    terminal.object({ ...progress, workflowId: handle.workflowId, uiUrl: handle.uiUrl ?? null });
  });
}

/** `npx perennial lifecycle pause`, `resume`, and `npx perennial retrain` */
export function order(which: 'pause' | 'resume' | 'retrain') {
  return async (name: string, options: OrderOptions): Promise<void> => {
    const terminal = openTerminal(options);
    await withClient(async (client) => {
      const handle = client.lifecycles.attach(name);
      const progress = await handle[which]({ actor: actorOf(options), reason: options.reason });
      terminal.print(`${name} took the order (${which}).`);
      terminal.print(lifecycleText({ ...progress, live: true }, terminal.colors));
      terminal.object(progress);
    });
  };
}

/** `npx perennial lifecycle remove` */
export async function remove(name: string, options: OrderOptions): Promise<void> {
  const terminal = openTerminal(options);
  await withClient(async (client) => {
    const order = { actor: actorOf(options), reason: options.reason };
    const progress = await client.lifecycles.attach(name).remove(order);
    const { champion } = progress;
    terminal.print(`${name} lives by itself no more: nothing watches or retrains it.`);
    if (champion !== undefined) terminal.print(`  ${name}@${champion} serves on.`);
    terminal.object(progress);
  });
}

async function withStack(terminal: Terminal, act: (client: PerennialClient) => Promise<void>): Promise<void> {
  const stack = showStack(terminal);
  const { client, started } = await connectReady(stack.onEvent).finally(() => stack.stop());
  if (started) terminal.note('The stack is up and stays up; `npx perennial down` stops it.');
  try {
    await act(client);
  } finally {
    await client.close();
  }
}
