import { readFileSync } from 'node:fs';
import { binMatrix } from '../../learning/binning.ts';
import { columnMoments } from '../../learning/learners/linear/moments.ts';
import { shelf } from '../../learning/learners/shelf.ts';
import { argmax } from '../../learning/metrics/argmax.ts';
import { Random } from '../../learning/rng.ts';
import type { Fitted, Problem } from '../../learning/types.ts';

const golden = (name: string) =>
  JSON.parse(readFileSync(new URL(`../golden/${name}`, import.meta.url), 'utf8')) as unknown;

export interface Coefficients<I> {
  l2: number;
  coef: I extends number ? number[] : number[][];
  intercept: I;
}
interface Scores {
  mean: number[];
  std: number[];
}

/** What scikit-learn found; see test/golden/learners.py. */
export const expected = golden('learners.json') as {
  logistic: Record<'cancer' | 'cancerScaled' | 'digits', Coefficients<number[]>[]>;
  ridge: { friedman: Coefficients<number>[] };
  forest: Record<'cancer' | 'digits' | 'digitsShallow' | 'friedman', Scores>;
  tree: Record<'cancer' | 'digits' | 'friedman', Scores>;
};

const sets = golden('learnersData.json') as Record<
  'cancer' | 'digits' | 'friedman',
  { rows: number; columns: number; classes: number; x: string; y: string }
>;

/** A golden data set, all rows to learn from. */
export function load(name: keyof typeof sets): Problem {
  const { columns, classes, x, y } = sets[name];
  const bytes = (text: string) => new Uint8Array(Buffer.from(text, 'base64')).buffer;
  return problemFrom(
    name === 'digits' ? Float32Array.from(new Uint8Array(bytes(x))) : new Float32Array(bytes(x)),
    classes === 1 ? new Float64Array(bytes(y)) : Float64Array.from(new Uint8Array(bytes(y))),
    columns,
    classes,
  );
}

/** @param gaps columns that may hold NaN */
export function problemFrom(
  x: Float32Array,
  y: Float64Array,
  columns: number,
  classes: number,
  gaps?: Uint8Array,
): Problem {
  const rows = y.length;
  return {
    task: classes === 1 ? 'regression' : classes === 2 ? 'binary' : 'multiclass',
    classes,
    rows,
    columns,
    x,
    y,
    binned: binMatrix(x, rows, columns, undefined, undefined, gaps),
    train: Int32Array.from({ length: rows }, (_, row) => row),
  };
}

/** Rows of whole numbers 0..levels - 1 and a class (or number) that depends on the first two, with noise. */
export function generate(rows: number, columns: number, classes: number, seed: number, levels = 50): Problem {
  const random = new Random(seed);
  const x = Float32Array.from({ length: rows * columns }, () => random.below(levels));
  const y = Float64Array.from({ length: rows }, (_, row) => {
    const value = x[row * columns] + x[row * columns + 1] + random.below(levels / 2);
    return classes === 1 ? value / 7 : Math.min(classes - 1, Math.floor((value * classes) / (2.5 * levels)));
  });
  return problemFrom(x, y, columns, classes);
}

/** The same rows, whose columns name so many categories each, from 1 on; 0 for those that hold sizes. */
export function named(problem: Problem, categories: readonly number[]): Problem {
  const { x, rows, columns } = problem;
  const counts = Uint8Array.from(categories);
  return {
    ...problem,
    binned: binMatrix(x, rows, columns, undefined, undefined, problem.binned.gaps, counts),
  };
}

/** The same rows with weights from 1/16 to 4, as in test/golden/learnersTrees.py. */
export function weighed(problem: Problem): Problem {
  return { ...problem, weights: Float64Array.from(problem.y, (_, row) => ((hashed(row) % 64) + 1) / 16) };
}

/** A quarter of the values missing, in all columns but the first, as in test/golden/learnersTrees.py. */
export function gappy(problem: Problem): Problem {
  const { x, y, columns, classes, weights } = problem;
  const torn = x.map((value, i) => (i % columns !== 0 && hashed(i) % 4 === 0 ? NaN : value));
  const gaps = new Uint8Array(columns).fill(1);
  return { ...problemFrom(torn, y, columns, classes, gaps), ...(weights ? { weights } : {}) };
}

function hashed(number: number): number {
  return Math.imul(number + 1, 2654435761) >>> 16;
}

/** Every column with mean 0 and standard deviation 1 (a constant one: 0), rounded to float32. */
export function scaled(problem: Problem): Problem {
  const { columns, classes, y, train } = problem;
  const { means, deviations } = columnMoments(problem.x, columns, train);
  return problemFrom(
    problem.x.map((v, i) => (v - means[i % columns]) / (deviations[i % columns] || 1)),
    y,
    columns,
    classes,
  );
}

/** Every third row is held out, as in test/golden/learners.py. */
export function holdOut(problem: Problem): { problem: Problem; test: Int32Array; truth: Float64Array } {
  const test = problem.train.filter((row) => row % 3 === 0);
  const truth = Float64Array.from(test, (row) => problem.y[row]);
  return { problem: { ...problem, train: problem.train.filter((row) => row % 3 !== 0) }, test, truth };
}

/** Fits all units in one call. */
export function fit(name: string, problem: Problem, params: object = {}, seed = 1): Fitted {
  const learner = find(name);
  const full = learner.params.parse(params);
  return learner.join([learner.fit(problem, full, seed, 0, learner.units(full))]);
}

export function find(name: string) {
  const learner = shelf.get(name);
  if (!learner) throw new Error(`no learner ${name}`);
  return learner;
}

export function predict(name: string, model: Fitted, problem: Problem, index?: Int32Array): Float64Array {
  return find(name).predict(model, problem.x, problem.columns, index);
}

export function accuracyOf(probabilities: Float64Array, truth: Float64Array, classes: number): number {
  const labels = argmax(probabilities, classes);
  return labels.filter((label, i) => label === truth[i]).length / truth.length;
}

export const FOLDS = 5;

/** As in test/golden/learnersPeers.py. */
export function foldOf(row: number, seed: number): number {
  const hashed = (Math.imul(row, 2654435761) + Math.imul(seed, 2246822519)) >>> 0;
  return ((hashed >>> 16) * FOLDS) >> 16;
}

/**
 * Mean over seeds and folds, and the standard error of one cross-validation: seeds only make the means steadier.
 *
 * @param scores [seed][fold]
 */
export function meanAndError(scores: readonly (readonly number[])[]): { mean: number; error: number } {
  return { mean: meanOf(scores.map(meanOf)), error: meanOf(scores.map(errorOf)) };
}

/** The standard error of the mean over the folds. */
function errorOf(folds: readonly number[]): number {
  const mean = meanOf(folds);
  return Math.sqrt(folds.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (FOLDS - 1) / FOLDS);
}

export function meanOf(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}
