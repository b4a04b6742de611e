import { afterEach, describe, expect, test, vi } from 'vitest';
import { fit, generate, problemFrom } from './learnersData.ts';

/** Trees that the compiled grower makes are those of the TypeScript one, to the last bit. */

afterEach(() => void vi.unstubAllGlobals());

/** The model by either way; it must be the same. */
function both(learner: string, problem: ReturnType<typeof generate>, params: object): void {
  const { Memory, Module, Instance } = WebAssembly;
  const asked = vi.fn();
  class Watched extends Memory {
    constructor(size: { initial: number }) {
      asked();
      super(size);
    }
  }
  class NoMemory {
    constructor() {
      throw new RangeError('WebAssembly.Memory(): could not allocate memory');
    }
  }
  vi.stubGlobal('WebAssembly', { Memory: Watched, Module, Instance });
  const compiled = fit(learner, problem, params);
  expect(asked, 'nothing was compiled').toHaveBeenCalledOnce();
  vi.stubGlobal('WebAssembly', { Memory: NoMemory, Module, Instance });
  expect(fit(learner, problem, params)).toStrictEqual(compiled);
  vi.unstubAllGlobals();
}

// Up to 4 classes are one vector of counts, more are several; 3 levels tie everywhere, 1,000 fill 256 bins.
describe.each([2, 3, 4, 5, 17])('%i classes', (classes) => {
  describe.each([1, 6, 13, 70])('%i columns', (columns) => {
    test.each([3, 1000])('of %i values', (levels) => {
      const problem = generate(700, columns, classes, classes + columns, levels);
      both('forest', problem, { trees: 3 });
      both('forest', problem, { trees: 3, maxDepth: 5, maxFeatures: 0.4 });
      both('forest', problem, { trees: 3, minLeaf: 9, rowShare: 0.5, maxFeatures: 'all' });
      both('extraTrees', problem, { trees: 3 });
      both('extraTrees', problem, { trees: 3, maxDepth: 6, minLeaf: 5, maxFeatures: 'all' });
      both('tree', problem, {});
      both('tree', problem, { maxFeatures: 0.5, minLeaf: 3 });
    });
  });
});

test('one row, and a node of constant columns, are leaves', () => {
  const one = { ...generate(50, 3, 2, 1), train: Int32Array.of(7) };
  both('forest', one, { trees: 2 });
  both('tree', one, {});
  const constant = problemFrom(
    new Float32Array(30).fill(5),
    Float64Array.of(...Array.from({ length: 10 }, (_, i) => +(i < 3))),
    3,
    2,
  );
  both('forest', constant, { trees: 4 });
});

test('a tree as deep as it has rows', () => {
  const rows = 250;
  const x = Float32Array.from({ length: rows }, (_, row) => row);
  // Classes take turns, so every cut takes one row off an end.
  both(
    'tree',
    problemFrom(
      x,
      Float64Array.from(x, (row) => row % 2),
      1,
      2,
    ),
    {},
  );
  both(
    'tree',
    problemFrom(
      x,
      Float64Array.from(x, (row) => row % 7),
      1,
      7,
    ),
    { maxDepth: 64 },
  );
});

test('rows of a fold alone, and more classes than any of them has', () => {
  const problem = generate(900, 5, 3, 4);
  const fold = { ...problem, classes: 40, train: problem.train.filter((row) => row % 3 !== 0) };
  both('forest', fold, { trees: 3 });
});
