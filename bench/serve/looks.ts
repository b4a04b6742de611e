import { MockActivityEnvironment } from '@temporalio/testing';
import { setTimeout } from 'node:timers/promises';
import { pairActivities } from '../../activities/pairs.ts';
import { canarySchema } from '../../decisions/canary/policy.ts';
import { openStore } from '../../store/open.ts';
import type { Looking } from './canary.ts';

/**
 * A rollout's looks without its workflow, at once and then as often as by default, until the parent is gone. A measurement
 * shorter than that has one look all the same.
 */

const { everyMs } = canarySchema.parse({});
const LABELS_A_LOOK = 7_500;

const [databaseUrl, namespace, name, number] = process.argv.slice(2);
const key = { name, number: Number(number) };
const store = await openStore(databaseUrl, namespace);
const activities = pairActivities({ store });
const startedAt = new Date().toISOString();
const looking: Looking = { paired: 0 };
const ended = new AbortController();
process.once('disconnect', () => ended.abort());
process.send?.(looking);

while (!ended.signal.aborted) {
  const predictions = await store.predictions.list({ name, limit: LABELS_A_LOOK });
  await store.labels.put(
    name,
    predictions.map(({ requestId }, i) => ({ requestId, value: i % 2 })),
  );
  const scored = await new MockActivityEnvironment().run(
    (asked: typeof key) => activities.scorePairs(asked),
    key,
  );
  looking.paired += (scored as Looking).paired;
  await store.rollouts.counts(name, key.number, [{ stage: 0, weight: 0.1, startedAt }]);
  if (process.connected) process.send?.(looking);
  await setTimeout(everyMs, undefined, { signal: ended.signal }).catch(() => undefined);
}
await store.close();
