import { PerennialError } from '../config/errors.ts';
import type { LifecycleProgress } from '../workflows/lifecycleMessages.ts';
import { ids } from '../workflows/messages.ts';
import type { Order } from '../workflows/orderMessages.ts';
import { rolloutQuery, type RolloutProgress } from '../workflows/rolloutMessages.ts';
import type { ClientContext } from './client.ts';
import { fromFailure } from './failure.ts';
import { attachLifecycle, keptProgress } from './lifecycleHandle.ts';
import { attachRollout } from './rolloutHandle.ts';

/** What waits for a person. */
export interface InboxItem {
  /** `<name>/<n>` of a lifecycle's question, `rollout/<name>/<n>` of a rollout: what `approve` and `reject` take. */
  id: string;
  /**
   * `retrain`, `rollout`: a lifecycle asks before it. `version`: of a model that cannot be compared with the champion.
   * `approval`: of a rollout, before all keys go to it. `held`: in doubt.
   */
  kind: 'retrain' | 'rollout' | 'version' | 'approval' | 'held';
  name: string;
  question: string;
  /** Who asks. */
  by: string;
  /** Since when, ISO 8601. */
  at: string;
  /** That is to be rolled out. */
  version?: number;
}

export interface InboxCalls {
  /** What waits for a person, of all lifecycles and rollouts, oldest first. */
  inbox(): Promise<InboxItem[]>;
  /**
   * Says yes: to a lifecycle's question, to a rollout that asks for it; a rollout that is held goes on.
   *
   * @param id as `inbox()` has it
   * @throws PerennialError INVALID_INPUT, NOT_FOUND; LIFECYCLE_STATE or ROLLOUT_PHASE where nobody asks that (any more)
   */
  approve(id: string, order: Order): Promise<LifecycleProgress | RolloutProgress>;
  /** Says no; a rollout is aborted, with the champion restored. */
  reject(id: string, order: Order): Promise<LifecycleProgress | RolloutProgress>;
}

export function inboxCalls(context: ClientContext): InboxCalls {
  return {
    async inbox() {
      const [asked, waiting] = await Promise.all([readQuestions(context), readRollouts(context)]);
      return [...asked, ...waiting].sort((a, b) => (a.at < b.at ? -1 : 1));
    },
    async approve(id, order) {
      const { name, rollout } = parseItem(id);
      if (rollout === undefined) return attachLifecycle(context, name).approve({ ...order, id });
      const handle = attachRollout(context, name, rollout);
      const { held } = await handle.progress();
      return handle.order(held === undefined ? 'approve' : 'resume', order);
    },
    async reject(id, order) {
      const { name, rollout } = parseItem(id);
      if (rollout === undefined) return attachLifecycle(context, name).reject({ ...order, id });
      return attachRollout(context, name, rollout).order('abort', order);
    },
  };
}

/**
 * Only those are asked whose kept state, written after every change, has a question: each of the others would have to be
 * replayed by a worker to answer that there is none.
 */
async function readQuestions(context: ClientContext): Promise<InboxItem[]> {
  const rows = await context.store.lifecycles.list();
  const asking = rows.filter((row) => keptProgress(row).approval);
  const items = await Promise.all(
    asking.map(async ({ name }): Promise<InboxItem[]> => {
      const { approval, live } = await attachLifecycle(context, name).progress();
      if (!approval || !live) return [];
      const { id, kind, question, by, at, version } = approval;
      return [{ id, kind, name, question, by, at, version }];
    }),
  );
  return items.flat();
}

async function readRollouts({ client, store }: ClientContext): Promise<InboxItem[]> {
  const rows = (await store.rollouts.list(undefined, MAX_ROLLOUTS)).filter(
    ({ status }) => status === 'running',
  );
  const items = await Promise.all(
    rows.map(async ({ id, name, startedBy, startedAt }): Promise<InboxItem[]> => {
      const progress = await client.workflow
        .getHandle(id)
        .query(rolloutQuery)
        .catch((error: unknown) => {
          const known = fromFailure(error);
          if (known.code === 'NOT_FOUND') return undefined; // Its Temporal lost it; the next rollout closes the row.
          throw known;
        });
      if (!progress || progress.outcome !== undefined) return [];
      const { challengerVersion: version, phase, held, last, stages } = progress;
      const common = { id, name, by: startedBy, at: stages.at(-1)?.startedAt ?? startedAt, version };
      if (held !== undefined) return [{ ...common, kind: 'held', question: `Is it to go on? ${held}` }];
      if (phase !== 'awaiting-approval') return [];
      const why = last ? ` ${last.verdict.reason}` : '';
      const question = `Are all keys to go to ${name}@${version}?${why}`;
      return [{ ...common, kind: 'approval', question }];
    }),
  );
  return items.flat();
}

/** One of a lifecycle is under way at a time, so the newest hold all that run. */
const MAX_ROLLOUTS = 1_000;

function parseItem(id: string): { name: string; rollout?: number } {
  const match = /^(rollout\/)?([a-z][a-z0-9-]*)\/([1-9]\d{0,8})$/.exec(id);
  if (!match?.[2]) {
    throw new PerennialError('INVALID_INPUT', `"${id}" is not the id of a question.`, {
      field: 'id',
      value: id,
      expected: `flights/7, or ${ids.rollout('flights', 2)}, as \`npx perennial inbox\` lists them`,
    });
  }
  return { name: match[2], ...(match[1] ? { rollout: Number(match[3]) } : {}) };
}
