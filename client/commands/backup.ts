import { stat } from 'node:fs/promises';
import { actorOf } from '../actor.ts';
import type { RestoredLifecycle } from '../backup.ts';
import { count } from '../terminal/format.ts';
import { table } from '../terminal/table.ts';
import { openTerminal } from '../terminal/terminal.ts';
import { withClient } from './session.ts';

/** `npx perennial backup` */
export async function backup(file: string, options: { json?: boolean }): Promise<void> {
  const terminal = openTerminal(options);
  await withClient(async (client) => {
    const written = await client.backUp(file);
    const { tables, bytes, migration, createdAt } = written;
    terminal.print(
      `Wrote ${file}: ${size(bytes)}, ${count(rowsOf(tables))} rows of ${tables.length} tables at ${migration}, as they were at ${createdAt}.`,
    );
    terminal.object(written);
  });
}

/** `npx perennial restore` */
export async function restore(file: string, options: { as?: string; json?: boolean }): Promise<void> {
  const terminal = openTerminal(options);
  const { size: bytes } = await stat(file).catch(() => ({ size: 0 }));
  await withClient(async (client) => {
    const restored = await client.restore(file, { actor: actorOf(options) });
    const { tables, migration, createdAt, resumed, cancelledRuns, endedRollouts, lifecycles } = restored;
    const { dim } = terminal.colors;
    terminal.print(
      `${resumed ? 'Went on after' : 'Restored'} ${size(bytes)}, ${count(rowsOf(tables))} rows of ${tables.length} tables at ${migration}, as they were at ${createdAt}.`,
    );
    const ended = [
      ...cancelledRuns.map((run) => [dim('run'), run, 'cancelled: it was under way']),
      ...endedRollouts.map((rollout) => [
        dim('rollout'),
        rollout,
        'ended: it was under way; see `npx perennial rollout list`',
      ]),
      ...lifecycles.map(({ name, state }) => [dim('lifecycle'), name, LIFECYCLES[state]]),
    ];
    if (ended.length > 0) terminal.print(table(ended));
    terminal.object(restored);
  });
}

const LIFECYCLES: Record<RestoredLifecycle, string> = {
  started: 'goes on from the state that was kept',
  running: 'is under way already, and was left alone',
  removed: 'stays removed; `npx perennial deploy` brings it back',
};

function rowsOf(tables: readonly { rows: number }[]): number {
  return tables.reduce((sum, { rows }) => sum + rows, 0);
}

function size(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
