import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PastRow } from '../../client/replayPast.ts';
import { csv, days, defineLifecycle, tree } from '../../config/define.ts';
import type { Definition } from '../../config/definition.ts';
import { Random } from '../../learning/rng.ts';

/**
 * Two models of the same small world, and how it goes on after their training: one is replaced by the gate alone, the
 * other by a rollout that its lifecycle starts.
 */
export const NAMES = ['gated', 'canaried'] as const;
export type Name = (typeof NAMES)[number];

export const DAY_MS = 86_400_000;
/** The first day after those that the first version is trained on. */
export const FIRST_DAY = 8;
/** From this day on everything is larger and upside down. */
export const TURN = 10;
export const LAST_DAY = 15;

/** So that all of it ends some days ago: a gateway that starts drops predictions older than the log is kept. */
const START = Math.floor(Date.now() / DAY_MS) * DAY_MS - 20 * DAY_MS;
/** Rows a day. */
const A_DAY = 250;

/** Parcels of one day, the same ones whoever asks. One in ten is a surprise. */
export function parcels(day: number): PastRow[] {
  const random = new Random(1_000 + day);
  const turned = day >= TURN;
  return Array.from({ length: A_DAY }, (_, i) => {
    const size = random.unit() * 10 + (turned ? 3 : 0);
    const weight = random.unit() * 5;
    const surprise = random.unit() < 0.1;
    return {
      key: `p${day}-${i}`,
      at: START + day * DAY_MS + Math.floor((i / A_DAY) * DAY_MS),
      inputs: { size, weight },
      truth: (size > 5 !== turned) !== surprise ? 'yes' : 'no',
    };
  });
}

export const endOf = (day: number): string => new Date(START + (day + 1) * DAY_MS).toISOString();

/** Writes what the first versions are trained on. */
export function writeParcels(directory: string): void {
  const lines = Array.from({ length: FIRST_DAY }, (_, day) => parcels(day))
    .flat()
    .map(
      ({ key, at, inputs, truth }) =>
        `${key},${new Date(at).toISOString().slice(0, 19)},${inputs.size},${inputs.weight},${truth}`,
    );
  writeFileSync(join(directory, 'parcels.csv'), `id,seen,size,weight,late\n${lines.join('\n')}\n`);
}

export function define(name: Name): Definition {
  return defineLifecycle({
    name,
    sources: { parcels: csv('parcels.csv') },
    target: 'late',
    key: 'id',
    time: 'seen',
    features: [{ kind: 'passthrough', columns: ['size', 'weight'] }],
    search: [tree({ maxDepth: 3 })],
    select: { metric: 'accuracy', folds: 2 },
    watch: { everyMs: days(1), quality: { minLabels: 100 } },
    retrain: { data: 'predictions', window: { kind: 'sliding', ms: days(2) }, cooldownMs: days(2) },
    ...(name === 'gated'
      ? {}
      : {
          canary: {
            steps: [50],
            everyMs: 1_000,
            minDurationMs: 0,
            probationMs: 0,
            guards: { errors: { maxRatio: 20, margin: 0.3 }, latency: false },
          },
        }),
  });
}
