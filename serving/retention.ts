import { labelDays, PREDICTION_DAYS } from '../config/retention.ts';
import type { Store } from '../store/types.ts';

export interface RetentionOptions {
  store: Pick<Store, 'predictions' | 'labels' | 'rollouts' | 'routes'>;
  /**
   * Predictions are kept for so many days (UTC) at least, from their time and from when they were written; labels for twice as
   * many, from when they were observed and told. Default 90.
   */
  retentionDays?: number;
  onDropped?: (dropped: Dropped) => void;
  onProblem?: (error: unknown) => void;
}

export interface Dropped {
  /** Of predictions, ISO dates. */
  days: readonly string[];
  /** How many, corrections counted too. */
  labels: number;
}

/**
 * Drops days of predictions, and labels, that nobody needs any more: at once, and then every hour, since a day that somebody reads
 * stays until the next time. Any number of gateways may do so. What a rollout under way may look at is kept.
 */
export function keepRetention(options: RetentionOptions): { close(): Promise<void> } {
  const { onDropped = () => {}, onProblem = () => {} } = options;
  const stopping = new AbortController();
  let running: Promise<void> = Promise.resolve();
  const enforce = () => {
    running = enforceRetention(options, stopping.signal).then((dropped) => {
      if (dropped.days.length > 0 || dropped.labels > 0) onDropped(dropped);
    }, onProblem);
  };
  enforce();
  const timer = setInterval(enforce, EVERY_MS);
  timer.unref();
  return {
    close() {
      clearInterval(timer);
      stopping.abort();
      return running;
    },
  };
}

const EVERY_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** Once. @param signal ends it between two pieces of labels; the rest goes the next time */
export async function enforceRetention(
  { store, retentionDays = PREDICTION_DAYS }: RetentionOptions,
  signal?: AbortSignal,
): Promise<Dropped> {
  const needed = await neededFrom(store);
  const dayBefore = (ageDays: number): string => {
    const oldest = Math.min(Date.now() - ageDays * DAY_MS, needed);
    return `${new Date(oldest).toISOString().slice(0, 10)}T00:00:00.000Z`;
  };
  const days = await store.predictions.dropBefore(dayBefore(retentionDays));
  return { days, labels: await store.labels.forgetBefore(dayBefore(labelDays(retentionDays)), signal) };
}

/** A rollout looks back by the hour before it began, for the champion's p99. */
async function neededFrom({ routes, rollouts }: RetentionOptions['store']): Promise<number> {
  const running = await Promise.all((await routes.list()).map(({ name }) => rollouts.running(name)));
  return Math.min(...running.map((rollout) => (rollout ? Date.parse(rollout.startedAt) - DAY_MS : Infinity)));
}
