import type { PastRow } from '../../client/replayPast.ts';
import { Random } from '../../learning/rng.ts';

/** A past of parcels, day by day, in a world that may change: what a lifecycle's tests train on and replay. */

export const DAY_MS = 86_400_000;
export const START = Date.UTC(2026, 0, 1);
/** Rows a day. */
const A_DAY = 250;

interface World {
  /** Above this size a parcel is late; below it, where things are upside down. */
  late?: 'large' | 'small';
  /** Added to every size. */
  shift?: number;
  /** Added to every weight. */
  heavier?: number;
  /** What the column holds in place of centimetres. */
  unit?: number;
  missing?: boolean;
}

/** Parcels of one day. One in ten is a surprise. */
function parcels(
  day: number,
  { late = 'large', shift = 0, heavier = 0, unit = 1, missing = false }: World = {},
): PastRow[] {
  const random = new Random(1_000 + day);
  return Array.from({ length: A_DAY }, (_, i) => {
    const size = random.unit() * 10 + shift;
    const weight = random.unit() * 5 + heavier;
    const surprise = random.unit() < 0.1;
    return {
      key: `p${day}-${i}`,
      at: START + day * DAY_MS + Math.floor((i / A_DAY) * DAY_MS),
      inputs: { size: missing ? null : size * unit, weight },
      truth: (size > 5 === (late === 'large')) !== surprise ? 'yes' : 'no',
    };
  });
}

export const span = (from: number, to: number, world?: World): PastRow[] =>
  Array.from({ length: to - from }, (_, i) => parcels(from + i, world)).flat();

/** The columns are id, seen, size, weight and late. */
export function csvOf(rows: readonly PastRow[]): string {
  const lines = rows.map(
    ({ key, at, inputs, truth }) =>
      `${key},${new Date(at).toISOString().slice(0, 19)},${inputs.size},${inputs.weight},${truth}`,
  );
  return `id,seen,size,weight,late\n${lines.join('\n')}\n`;
}
