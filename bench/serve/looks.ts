import { MockActivityEnvironment } from '@temporalio/testing';
import { setTimeout } from 'node:timers/promises';
import { observeActivities } from '../../activities/observe.ts';
import { pairActivities } from '../../activities/pairs.ts';
import { restMs } from '../../decisions/canary/pace.ts';
import { canarySchema } from '../../decisions/canary/policy.ts';
import { openStore } from '../../store/open.ts';

/**
 * A rollout's looks without its workflow, when they are due and then as often as by default, until the parent is gone; and
 * labels, as many a second whatever the looks do.
 */

const LABELS = { everyMs: 30_000, count: 7_500 };

const [databaseUrl, namespace, name, number, dueMs] = process.argv.slice(2);
const key = { name, number: Number(number) };
const store = await openStore(databaseUrl, namespace);
const rollout = await store.rollouts.get(key.name, key.number);
const route = await store.routes.get(name);
if (!rollout || route?.challengerVersion === undefined) throw new Error(`${name} has no rollout ${number}`);
const policy = canarySchema.parse(rollout.policy);
const served = { ...route, challengerVersion: route.challengerVersion };
const stages = [{ stage: 0, weight: route.weight, startedAt: rollout.startedAt }];
const looks = observeActivities({ store });
const pairs = pairActivities({ store });
const ended = new AbortController();
process.once('message', () => ended.abort());
process.once('disconnect', () => ended.abort());
let nextAt = performance.now() + Number(dueMs);
/** Beside the looks. */
let pairing: Promise<unknown> | undefined;
process.send?.(Number(dueMs));

async function label(): Promise<void> {
  const predictions = await store.predictions.list({ name, limit: LABELS.count });
  await store.labels.put(
    name,
    predictions.map(({ requestId }, i) => ({ requestId, value: i % 2 })),
  );
}

/** One that does not end in the time that is measured is taken again in the next. */
async function look(): Promise<number> {
  nextAt = 0;
  const { counts, lookMs, unpaired } = await looks.observe({ ...key, stages, route: served, pairs: true });
  if (unpaired)
    pairing ??= new MockActivityEnvironment()
      .run(() => pairs.scorePairs(key))
      .finally(() => (pairing = undefined));
  const ms = restMs(policy, counts, lookMs);
  if (!ended.signal.aborted) nextAt = performance.now() + ms;
  return ms;
}

async function repeat(firstMs: number, work: () => Promise<number>): Promise<void> {
  for (let ms = firstMs; ; ms = await work()) {
    await setTimeout(ms, undefined, { signal: ended.signal }).catch(() => undefined);
    if (ended.signal.aborted) return;
  }
}

await Promise.all([
  repeat(0, async () => {
    await label();
    return LABELS.everyMs;
  }),
  repeat(Number(dueMs), look),
]);
await pairing;
if (process.connected) {
  process.send?.(Math.max(0, nextAt - performance.now()));
  process.disconnect();
}
await store.close();
