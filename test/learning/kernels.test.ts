import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { exp } from '../../learning/kernels/exp.ts';
import { KernelMemory } from '../../learning/kernels/memory.ts';
import { compileKernels } from '../../learning/learners/boosting/compiledKernels.ts';
import { histogramLength } from '../../learning/learners/boosting/histogram.ts';
import type { Kernels } from '../../learning/learners/boosting/kernels.ts';
import { gatherColumns, packRows } from '../../learning/learners/boosting/packedBins.ts';
import { packGradients } from '../../learning/learners/boosting/packedGradients.ts';
import { plainKernels } from '../../learning/learners/boosting/plainKernels.ts';
import type { Side } from '../../learning/learners/boosting/scan.ts';
import { Random } from '../../learning/rng.ts';
import { KERNELS, moduleOf } from '../kernels/compile.ts';
import { root } from '../setup/sourceFiles.ts';
import { fit, generate } from './learnersData.ts';
import { noWasmMemory } from './noWasmMemory.ts';

/** Compiled kernels are what stands in the repository, and do what their references do, to the last bit. */

test.each(KERNELS)('the committed $module is the compilation of $source', async (kernel) => {
  const committed = readFileSync(join(root, kernel.module), 'utf8');
  expect(committed, 'run `npm run build-kernels`').toBe(await moduleOf(kernel));
});

describe('exp', () => {
  test('is the exponential to one unit of the last place', () => {
    const random = new Random(1);
    let worst = 0;
    for (let i = 0; i < 200_000; i++) {
      const x = (random.unit() - 0.5) * [1, 4, 40, 1400][i % 4];
      const truth = Math.exp(x);
      worst = Math.max(worst, Math.abs(exp(x) - truth) / (truth * 2 ** -52));
    }
    expect(worst).toBeLessThanOrEqual(1);
  });

  test('has the limits of the exponential', () => {
    expect([0, -0, 1e-300, -Infinity, -746, -1e300].map(exp)).toEqual([1, 1, 1, 0, 0, 0]);
    expect([Infinity, 710, 1e300].map(exp)).toEqual([Infinity, Infinity, Infinity]);
    expect(exp(-745)).toBe(5e-324);
    expect(exp(NaN)).toBeNaN();
  });
});

const compiled = () => {
  const memory = KernelMemory.of(2 ** 23);
  if (!memory) throw new Error('no memory');
  return compileKernels(memory);
};

/** What `run` gives with either kernels; it must be the same. */
function both<T>(run: (kernels: Kernels) => T): T {
  const plain = run(plainKernels);
  expect(run(compiled())).toStrictEqual(plain);
  return plain;
}

const rows = 901;
const classes = 3;
// Scores of all sizes, so far apart that shares under- and overflow, and some alike.
const scale = [0, 1e-9, 1, 30, 800];
const scoreAt = (i: number) => (new Random(i).unit() - 0.5) * 2 * scale[i % scale.length];
const draw = (array: Float64Array, of: (i: number) => number) => array.map((_, i) => of(i));
const fill = (array: Float64Array, of: (i: number) => number) => {
  array.set(draw(array, of));
  return array;
};
const inOrder = (kernels: Kernels, seed: number) => {
  const positions = Int32Array.from({ length: rows }, (_, i) => i);
  new Random(seed).shuffle(positions);
  const into = kernels.int32(rows);
  into.set(positions);
  return into;
};

describe('derivatives', () => {
  test.each([1, 2, 3, 900, 901])('of %d rows', (count) => {
    both((kernels) => {
      const scores = fill(kernels.float64(classes * rows), scoreAt);
      const y = fill(kernels.float64(rows), (i) => i % classes);
      const gradients = fill(kernels.float64(classes * rows), () => 7);
      const hessians = fill(kernels.float64(classes * rows), () => 7);
      kernels.deriveSoftmax(y, scores, classes, count, rows, gradients, hessians);
      const two = fill(kernels.float64(rows), (i) => i % 2);
      const gradient = fill(kernels.float64(rows), () => 7);
      const hessian = fill(kernels.float64(rows), () => 7);
      kernels.deriveLogistic(two, scores, count, rows, gradient, hessian);
      return [gradients, hessians, gradient, hessian].map((array) => Array.from(array));
    });
  });

  test('sum up, and pack, in the order of the rows', () => {
    both((kernels) => {
      const gradients = fill(kernels.float64(2 * rows), (i) => scoreAt(i) / 800);
      const hessians = fill(kernels.float64(2 * rows), (i) => Math.abs(scoreAt(i + 1)));
      const order = inOrder(kernels, 1);
      const packed = kernels.float64(rows);
      return [
        kernels.sumSizes(gradients, hessians, rows, order),
        kernels.sumSizes(gradients, hessians, 3, Int32Array.of(5, 1, 700)),
        kernels.sumSlopes(gradients, hessians, rows, order, 10, 600, 2.5),
        ...[1, 2, 7, 901].map((count) => {
          const taken = Int32Array.of(0, count - 1);
          const steps = packGradients(kernels, gradients, hessians, rows, taken, packed);
          return [steps, Array.from(packed)];
        }),
      ];
    });
  });

  test('add to the scores of a leaf', () => {
    both((kernels) => {
      const scores = fill(kernels.float64(2 * rows), scoreAt);
      kernels.addTo(scores, rows, inOrder(kernels, 2), 100, 301, 0.1);
      return Array.from(scores);
    });
  });
});

// 0, 1, 2 and 3 places of a word are left over; columns of 256 bins and of few.
describe.each([4, 5, 6, 7])('%d columns', (columns) => {
  const problem = generate(rows, columns, 2, 3, columns === 6 ? 3 : 1000);
  const prepare = (kernels: Kernels) => {
    const table = gatherColumns(problem.binned, problem.train, kernels);
    const order = Int32Array.from({ length: columns }, (_, place) => (place * 5) % columns);
    const all = Int32Array.from({ length: columns }, (_, place) => place);
    const into = {
      binsOf: kernels.int32(columns),
      bins: kernels.int32(rows * Math.ceil(columns / 4)),
    };
    const packed = kernels.float64(rows);
    const gradients = fill(kernels.float64(rows), (i) => Math.sin(i) + problem.x[i * columns]);
    const hessians = fill(kernels.float64(rows), (i) => 1.5 + Math.cos(i));
    const steps = packGradients(kernels, gradients, hessians, 0, problem.train, packed);
    if (!steps) throw new Error('nothing to learn');
    return { table, bins: packRows(table, columns === 5 ? all : order, into), packed, steps };
  };

  test.each([0, 1, 2, 500])('histograms of %d rows and more', (from) => {
    both((kernels) => {
      const { bins, packed } = prepare(kernels);
      const histogram = fill(kernels.float64(histogramLength(columns)), () => 9);
      kernels.fillHistogram(bins, inOrder(kernels, 3), from, 503, packed, histogram);
      return Array.from(histogram);
    });
  });

  test.each([-1, 0, 1, 100, 255])('cut behind bin %d', (cut) => {
    both((kernels) => {
      const { table } = prepare(kernels);
      const order = inOrder(kernels, 4);
      const middle = kernels.partition(table, 1, cut, order, 33, 801, kernels.int32(rows));
      return [middle, Array.from(order)];
    });
  });

  test.each([0, 2])('the best cuts of both children, l2 = %d', (l2) => {
    const found = both((kernels) => {
      const { bins, packed, steps } = prepare(kernels);
      const order = inOrder(kernels, 5);
      const middle = kernels.partition(prepare(kernels).table, 0, 1, order, 0, rows, kernels.int32(rows));
      const [first, second, parent] = [0, 1, 2].map(() => kernels.float64(histogramLength(columns)));
      kernels.fillHistogram(bins, order, 0, middle, packed, first);
      kernels.fillHistogram(bins, order, middle, rows, packed, second);
      kernels.fillHistogram(bins, order, 0, rows, packed, parent);
      const sides = [sideOf(first), sideOf(second)] as const;
      kernels.scanBoth(bins, first, parent, Math.round(l2 * steps.hessian), ...sides);
      // What is left of the parent is the second child; places without a column are nobody's.
      const end = columns * 256;
      expect(Array.from(parent.subarray(0, end))).toEqual(Array.from(second.subarray(0, end)));
      return sides;
    });
    expect(Math.max(...found.map(({ gain }) => gain))).toBeGreaterThan(0);
  });
});

function sideOf(histogram: Float64Array): Side {
  const total = histogram.subarray(0, 256).reduce((a, b) => a + b, 0);
  const gradient = Math.floor(total / 2 ** 26);
  const hessian = total - gradient * 2 ** 26;
  return {
    gradient,
    hessian,
    least: hessian / 50,
    gain: 0,
    place: 0,
    cut: 0,
    leftGradient: 0,
    leftHessian: 0,
  };
}

test('an array from elsewhere is refused, not misread', () => {
  const kernels = compiled();
  const own = kernels.float64(4);
  expect(() => kernels.addTo(new Float64Array(4), 0, kernels.int32(4), 0, 4, 1)).toThrow(/memory/);
  expect(() => kernels.addTo(own, 0, new Int32Array(4), 0, 4, 1)).toThrow(/memory/);
});

describe('a fit that finds no memory for the compiled kernels', () => {
  afterEach(() => void vi.unstubAllGlobals());

  test.each([
    ['two classes', generate(801, 6, 2, 1), {}],
    ['three classes', generate(801, 6, 3, 2), { rowShare: 0.7, patience: 3 }],
    ['numbers', generate(801, 6, 1, 3), { columnShare: 0.5 }],
    [
      'as many leaves as there can be',
      generate(801, 6, 2, 4),
      { leaves: 4096, minLeaf: 1, minChildWeight: 0 },
    ],
    ['one row', { ...generate(801, 6, 3, 5), train: Int32Array.of(4) }, {}],
  ] as const)('gives the same model: %s', (_what, problem, params) => {
    const model = fit('boosting', problem, { rounds: 8, ...params });
    const asked = noWasmMemory();
    expect(fit('boosting', problem, { rounds: 8, ...params })).toStrictEqual(model);
    expect(asked).toHaveBeenCalled();
  });
});
