import { move, transferableSymbol, valueSymbol } from 'piscina';
import { assignBins, findEdges } from '../learning/binning.ts';
import { shelf } from '../learning/learners/shelf.ts';
import { computeMetrics } from '../learning/metrics/compute.ts';
import type { MetricName } from '../learning/metrics/names.ts';
import { NumericalError } from '../learning/numerical.ts';
import { withoutFold, type Fold } from '../learning/split.ts';
import type { Convergence, Fitted, Learner, Problem } from '../learning/types.ts';

/** What the pool's threads do. Arguments and results cross by structured clone; shared memory is not copied. */

export interface FitTask {
  problem: Problem;
  learner: string;
  params: object;
  seed: number;
  /** Units from..to (excluded). */
  from: number;
  to: number;
}

export function fitUnits({ problem, learner, params, seed, from, to }: FitTask): unknown {
  return moved(find(learner).fit(problem, params, seed, from, to));
}

export interface FoldTask {
  problem: Problem;
  learner: string;
  params: object;
  seed: number;
  /** Without `train` the rest of `problem.train` is learned from: each thread makes that list itself. */
  fold: Fold;
  positive?: number;
}

/** The metrics of a fold; of learners that iterate also how its fit ended, `converged` being 1 or 0. */
export type FoldNumbers = Partial<Record<MetricName | keyof Convergence, number>>;

/** What a fold scored, or why the learner cannot take these numbers: error classes do not cross to another thread. */
export type FoldScore = { metrics: FoldNumbers } | { refusal: string };

export function scoreFold(task: FoldTask): FoldScore {
  try {
    return { metrics: score(task) };
  } catch (error) {
    if (error instanceof NumericalError) return { refusal: error.message };
    throw error;
  }
}

export interface FamilyFoldTask extends Omit<FoldTask, 'params'> {
  /** Hyperparameters of each, which differ only in those that the learner's `family` names. */
  members: readonly object[];
}

/** As `scoreFold` for each member by itself, by what they share. */
export function scoreFamilyFold({ members, ...task }: FamilyFoldTask): FoldScore[] {
  const { problem, seed, fold } = task;
  const learner = find(task.learner);
  const { family } = learner;
  if (!family) throw new Error(`Candidates of ${task.learner} have nothing in common.`);
  const { test, train = withoutFold(problem.train, test) } = fold;
  const { x, columns } = problem;
  try {
    const models = family.fit({ ...problem, train }, members, seed);
    const together = family.predict?.(models, x, columns, test);
    return models.map((model, i) => {
      const predictions = together?.[i] ?? learner.predict(model, x, columns, test);
      return { metrics: judge(task, { learner, model, predictions }) };
    });
  } catch (error) {
    if (!(error instanceof NumericalError)) throw error;
    // Perhaps only of one of them: each says for itself whether it can.
    return members.map((params) => scoreFold({ ...task, params }));
  }
}

/** What the learner, fitted to the rest, answers for the rows that the fold is tested on. */
export function predictFold(task: Omit<FoldTask, 'positive'>): unknown {
  return moved(fitFold(task).predictions);
}

function score(task: FoldTask): FoldNumbers {
  return judge(task, fitFold(task));
}

function judge(
  { problem, positive, fold: { test } }: Omit<FoldTask, 'params'>,
  { learner, model, predictions }: ReturnType<typeof fitFold>,
): FoldNumbers {
  const truth = Float64Array.from(test, (row) => problem.y[row]);
  const metrics = computeMetrics(problem.task, problem.classes, positive, truth, predictions);
  const end = learner.convergence?.(model);
  return end ? { ...metrics, ...end, converged: Number(end.converged) } : metrics;
}

function fitFold({ problem, learner: name, params, seed, fold }: Omit<FoldTask, 'positive'>) {
  const learner = find(name);
  const { test, train = withoutFold(problem.train, test) } = fold;
  const model = learner.join([learner.fit({ ...problem, train }, params, seed, 0, learner.units(params))]);
  return { learner, model, predictions: learner.predict(model, problem.x, problem.columns, test) };
}

export interface EdgesTask {
  x: Float32Array;
  rows: number;
  columns: number;
  /** Columns from..to (excluded). */
  from: number;
  to: number;
  /** [columns], 1 where a column may hold NaN. */
  gaps?: Uint8Array;
  /** As of BinnedMatrix. */
  categories?: Uint8Array;
}

export function findColumnEdges(task: EdgesTask): Float32Array[] {
  const { x, rows, columns, from, to, gaps, categories } = task;
  return findEdges(x, rows, columns, from, to, undefined, gaps, categories);
}

export interface BinsTask {
  x: Float32Array;
  columns: number;
  edges: Float32Array[];
  /** Shared; rows from..to (excluded) are written. */
  bins: Uint8Array;
  from: number;
  to: number;
  /** [columns], 1 where a column may hold NaN. */
  gaps?: Uint8Array;
}

export function assignRowBins({ x, columns, edges, bins, from, to, gaps }: BinsTask): void {
  assignBins(x, columns, edges, bins, from, to, gaps);
}

function find(name: string): Learner {
  const learner = shelf.get(name);
  if (!learner) throw new Error(`There is no learner "${name}".`);
  return learner;
}

/** Hands the model's memory over instead of copying it: a forest may be hundreds of megabytes. */
function moved(model: Fitted): unknown {
  const buffers = new Set<ArrayBuffer>();
  const visit = (value: unknown): void => {
    if (ArrayBuffer.isView(value)) {
      if (value.buffer instanceof ArrayBuffer) buffers.add(value.buffer);
    } else if (value !== null && typeof value === 'object') Object.values(value).forEach(visit);
  };
  visit(model);
  return move({ [transferableSymbol]: [...buffers], [valueSymbol]: model });
}
