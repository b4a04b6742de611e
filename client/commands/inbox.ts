import { actorOf } from '../actor.ts';
import { inboxTable, lifecycleText } from '../terminal/lifecycleText.ts';
import { progressText } from '../terminal/rolloutText.ts';
import { openTerminal } from '../terminal/terminal.ts';
import { withClient } from './session.ts';

/** `npx perennial inbox`: what waits for a person. */
export async function inbox(options: { json?: boolean }): Promise<void> {
  const terminal = openTerminal(options);
  await withClient(async (client) => {
    const items = await client.lifecycles.inbox();
    terminal.print(items.length === 0 ? 'Nothing waits for a person.' : inboxTable(items, terminal.colors));
    terminal.object({ items });
  });
}

/** `npx perennial approve`, `reject` */
export function answer(which: 'approve' | 'reject') {
  return async (id: string, options: { reason: string; as?: string; json?: boolean }): Promise<void> => {
    const terminal = openTerminal(options);
    await withClient(async (client) => {
      const order = { actor: actorOf(options), reason: options.reason };
      const progress = await client.lifecycles[which](id, order);
      terminal.print(`${id} is answered (${which}).`);
      terminal.print(
        'challengerVersion' in progress
          ? progressText(progress, terminal.colors)
          : lifecycleText({ ...progress, live: true }, terminal.colors),
      );
      terminal.object(progress);
    });
  };
}
