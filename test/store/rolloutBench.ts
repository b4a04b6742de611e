import { randomUUID } from 'node:crypto';
import { canarySchema, type CanaryInput } from '../../decisions/canary/policy.ts';
import type { RolloutRow } from '../../store/rolloutTypes.ts';
import { encodePrediction } from '../../store/predictionTuple.ts';
import type { PredictionRecord } from '../../store/predictionTypes.ts';
import type { Store } from '../../store/types.ts';
import { startRun, versionOf } from './fixtures.ts';

/** Registers `versions` models under the name; the first is the champion. */
export async function registerVersions(store: Store, name: string, versions: number): Promise<void> {
  for (let version = 1; version <= versions; version++) {
    const run = await startRun(store, name);
    await store.registry.register(await versionOf(store, run, `${name}@${version}`), {
      promote: false,
      actor: 'tester',
    });
  }
}

/** A model with two versions, the second of which challenges the first. */
export async function openedRollout(
  store: Store,
  name: string,
  policy: CanaryInput = {},
): Promise<RolloutRow> {
  await registerVersions(store, name, 2);
  return openNext(store, name, policy);
}

export async function openNext(store: Store, name: string, policy: CanaryInput = {}): Promise<RolloutRow> {
  const number = await store.rollouts.nextNumber(name);
  return store.rollouts.open({
    name,
    number,
    id: `rollout/${name}/${number}`,
    executionId: randomUUID(),
    challengerVersion: 2,
    policy: canarySchema.parse(policy),
    startedBy: 'tester',
  });
}

export type Logged = Partial<PredictionRecord> & { arm: PredictionRecord['arm'] };

/** Appends predictions of a rollout as a gateway does: answered, one row, 1 ms, now and in stage 0, unless said otherwise. */
export async function logged(store: Store, rollout: RolloutRow, records: readonly Logged[]): Promise<void> {
  const complete = records.map((record) => ({
    at: Date.now(),
    requestId: randomUUID(),
    name: rollout.name,
    version: record.arm === 'challenger' ? rollout.challengerVersion : rollout.championVersion,
    rolloutId: rollout.id,
    stage: 0,
    rows: 1,
    status: 0,
    latencyUs: 1_000,
    ...record,
  }));
  const days = [...new Set(complete.map(({ at }) => new Date(at).toISOString().slice(0, 10)))];
  await store.predictions.append(randomUUID(), days, complete.map(encodePrediction));
}
