import type { ColumnFacts, WindowFacts } from '../../../decisions/watch/facts.ts';
import { watchSchema, type WatchInput, type WatchPolicy } from '../../../decisions/watch/policy.ts';
import type { Random } from '../../../learning/rng.ts';

export interface SampleSpec {
  n: number;
  seed: number;
  scale: number;
  shift: number;
  whole: boolean;
}

/** The same as `draw` in test/golden/drift.py. */
export function draw({ n, seed, scale, shift, whole }: SampleSpec): Float64Array {
  let x = seed;
  return Float64Array.from({ length: n }, () => {
    x = (16807 * x) % 2147483647;
    const value = (x / 2147483647) * scale + shift;
    return whole ? Math.floor(value) : value;
  }).sort();
}

/** Of the normal distribution, ascending. */
export function normals(random: Random, n: number, shift = 0, scale = 1): Float64Array {
  return drawNormals(random, n, shift, scale).sort();
}

/** As they come (Box and Muller). */
export function drawNormals(random: Random, n: number, shift = 0, scale = 1): Float64Array {
  const uniform = () => (random.uint32() + 0.5) / 2 ** 32;
  return Float64Array.from(
    { length: n },
    () => shift + scale * Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform()),
  );
}

export function policyOf(input: WatchInput = {}): WatchPolicy {
  return watchSchema.parse(input);
}

export function columnOf(over: Partial<ColumnFacts> = {}): ColumnFacts {
  return { column: 'age', test: 'ks', p: 0.5, effect: 0.03, missing: 0, referenceMissing: 0, ...over };
}

export function factsOf(over: Partial<WindowFacts> = {}): WindowFacts {
  const columns = over.columns ?? [columnOf()];
  return {
    version: 1,
    from: '2026-01-01T00:00:00.000Z',
    to: '2026-01-01T01:00:00.000Z',
    rows: 300,
    compared: 300,
    tests: columns.length,
    columns,
    ...over,
  };
}
