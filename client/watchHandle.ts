import type { WorkflowHandle } from '@temporalio/client';
import { PerennialError } from '../config/errors.ts';
import { parseTime } from '../config/time.ts';
import type { WindowRow } from '../store/lifecycleTypes.ts';
import { watchNow, watchQuery, type Watched, type WatchProgress } from '../workflows/lifecycleMessages.ts';
import { ids } from '../workflows/messages.ts';
import type { ClientContext } from './client.ts';
import { fromFailure } from './failure.ts';
import { notDeployed } from './lifecycleHandle.ts';

/** The watch over a lifecycle's champion, and what it has seen. */
export interface WatchHandle {
  readonly name: string;
  readonly workflowId: string;
  /** Answered by a worker. @throws PerennialError NOT_FOUND where nothing watches */
  progress(): Promise<WatchProgress>;
  /**
   * Looks at the window that ends now, or at `to` (ISO 8601, after the last one and not in the future).
   *
   * @returns null where it could not be looked at; `progress().failures` says why
   * @throws PerennialError NOT_FOUND where nothing watches; INVALID_INPUT where `to` is no such time
   */
  now(options?: { to?: string }): Promise<Watched | null>;
  /** Newest first; `limit` defaults to 50. @throws PerennialError NOT_FOUND */
  windows(limit?: number): Promise<WindowRow[]>;
  /** @throws PerennialError NOT_FOUND */
  window(number: number): Promise<WindowRow>;
  /** The drawing (SVG) of a window. @throws PerennialError NOT_FOUND where none was made */
  picture(number: number): Promise<Uint8Array>;
}

export function attachWatch(context: ClientContext, name: string): WatchHandle {
  const { client, store } = context;
  const workflowId = ids.watch(name);
  const handle: WorkflowHandle = client.workflow.getHandle(workflowId);
  const window = async (number: number): Promise<WindowRow> => {
    const row = await store.watch.window(name, number);
    if (row) return row;
    throw new PerennialError('NOT_FOUND', `There is no window ${number} of ${name}.`, {
      field: 'window',
      value: number,
      expected: `one that \`npx perennial watch show ${name}\` lists; old clean ones are not kept`,
    });
  };
  return {
    name,
    workflowId,
    progress: () =>
      handle.query(watchQuery).catch((error: unknown) => {
        throw explain(name, error);
      }),
    async now({ to } = {}) {
      const at = to === undefined ? undefined : windowEnd(to, Date.parse(await store.watch.now()));
      try {
        return await handle.executeUpdate(watchNow, { args: [{ to: at }] });
      } catch (error) {
        throw explain(name, error);
      }
    },
    async windows(limit) {
      const rows = await store.watch.windows(name, limit);
      if (rows.length === 0 && !(await store.lifecycles.get(name))) throw notDeployed(name);
      return rows;
    },
    window,
    async picture(number) {
      const { pictureDigest } = await window(number);
      if (pictureDigest !== undefined) return store.artifacts.get(pictureDigest);
      throw new PerennialError('NOT_FOUND', `Window ${number} of ${name} has no picture.`, {
        field: 'window',
        value: number,
        expected: 'a window of which one was drawn',
      });
    },
  };
}

/** A window that ended in the future would be the last one until then: no later one could begin before it. */
function windowEnd(to: string, now: number): string {
  const at = parseTime(to);
  if (at === undefined) throw refused(to, 'is not a time', 'ISO 8601, such as 2026-01-31T12:00:00Z');
  if (at > now + CLOCKS_DIFFER_MS)
    throw refused(to, 'has yet to come', `a time until ${new Date(now).toISOString()}`);
  return new Date(at).toISOString();
}

const CLOCKS_DIFFER_MS = 60_000;

function refused(to: string, fault: string, expected: string): PerennialError {
  return new PerennialError('INVALID_INPUT', `"${to}" ${fault}.`, { field: 'to', value: to, expected });
}

/** A workflow that has ended takes no update, which Temporal calls not found. */
function explain(name: string, error: unknown): PerennialError {
  const known = fromFailure(error);
  if (known.code !== 'NOT_FOUND') return known;
  return new PerennialError('NOT_FOUND', `Nothing watches ${name}.`, {
    field: 'watch',
    value: name,
    expected: 'a deployed definition with a `watch`, and a version that serves',
    cause: error,
  });
}
