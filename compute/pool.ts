import { setMaxListeners } from 'node:events';
import { Piscina } from 'piscina';
import { PerennialError } from '../config/errors.ts';
import { shelf } from '../learning/learners/shelf.ts';
import { NumericalError } from '../learning/numerical.ts';
import type { Fold } from '../learning/split.ts';
import type { BinnedMatrix, Fitted, Learner, Problem } from '../learning/types.ts';
import { share, shareProblem } from './share.ts';
import type { BinsTask, EdgesTask, FitTask, FoldNumbers, FoldScore, FoldTask } from './thread.ts';
import { takeTurns } from './turns.ts';

export interface FitRequest {
  /** Arrays that are not on shared memory are copied there first. */
  problem: Problem;
  /** Name on the shelf. */
  learner: string;
  params: object;
  seed: number;
  /** Ends the threads at work, also in the middle of a loop. */
  signal?: AbortSignal;
  /** After each part, on the main thread. */
  onUnits?: (done: number, total: number) => void;
}

export interface CrossValidateRequest extends Omit<FitRequest, 'onUnits'> {
  /** A fold without `train` learns from the rest of `problem.train`. */
  folds: Fold[];
  /** Index of the positive class; binary only. */
  positive?: number;
  onFold?: (done: number, total: number) => void;
}

/** Worker threads that learn. Results do not depend on their number, nor on what else the pool does. */
export interface ComputePool {
  /** Fits all units of a learner, cut over the threads. @throws PerennialError CANCELLED */
  fit(request: FitRequest): Promise<Fitted>;
  /**
   * Fits and scores each fold: all metrics of the task, by fold, and how a learner that iterates ended.
   *
   * @throws PerennialError CANCELLED; NumericalError where the numbers leave what the learner can hold
   */
  crossValidate(request: CrossValidateRequest): Promise<FoldNumbers[]>;
  /**
   * As `binMatrix`, on all threads, the bins on shared memory.
   *
   * @param gaps [columns], 1 where a column may hold NaN
   * @throws RangeError, PerennialError CANCELLED
   */
  bin(
    x: Float32Array,
    rows: number,
    columns: number,
    signal?: AbortSignal,
    gaps?: Uint8Array,
  ): Promise<BinnedMatrix>;
  /** Ends all threads; what is under way is rejected. */
  close(): Promise<void>;
}

/** Parts a thread gets of one fit: enough to even out unequal trees and to show progress. */
const PARTS_PER_THREAD = 8;
/** A thread starts in about 0.3 s, and an idle one holds about 60 MB. */
const IDLE_MS = 60_000;

/** @param entry what a thread starts with */
export function createPool({
  threads,
  entry = new URL('./thread.mjs', import.meta.url),
}: {
  threads: number;
  entry?: URL;
}): ComputePool {
  const piscina = new Piscina({
    filename: entry.href,
    minThreads: 0,
    maxThreads: threads,
    idleTimeout: IDLE_MS,
    // The parent's loaders are of no use in a thread; see thread.mjs.
    execArgv: [],
  });

  // Piscina's own queue stays empty: an abort ends its thread, and where that was the last one Piscina 5.3.2 starts none
  // for the tasks that wait, so they would wait for ever.
  const inTurn = takeTurns(threads);
  const underWay = new Set<AbortController>();
  // Piscina emits what belongs to no task, and an unheard 'error' would end the process. The late answer to a task that
  // was aborted meanwhile is nothing; a thread that cannot start would leave its tasks waiting for ever.
  piscina.on('error', (error: Error) => {
    if (error.message.startsWith('Unexpected message from Worker')) return;
    for (const stop of underWay) stop.abort(error);
  });

  /** Runs all tasks; the first failure ends the others. Results are in the tasks' order. */
  async function runAll<R>(
    name: string,
    tasks: object[],
    signal?: AbortSignal,
    onDone?: (index: number) => void,
  ): Promise<R[]> {
    const stop = new AbortController();
    const either = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal;
    setMaxListeners(0, either); // One listener a task is no leak.
    underWay.add(stop);
    try {
      return await Promise.all(
        tasks.map(async (task, index) => {
          const result = (await inTurn(() => piscina.run(task, { name, signal: either }), either)) as R;
          onDone?.(index);
          return result;
        }),
      );
    } catch (error) {
      if (signal?.aborted)
        throw new PerennialError('CANCELLED', 'Computing was cancelled.', { cause: signal.reason });
      if (stop.signal.aborted)
        throw new PerennialError('INTERNAL', 'A computing thread did not start.', {
          cause: stop.signal.reason,
        });
      stop.abort();
      throw error;
    } finally {
      underWay.delete(stop);
    }
  }

  return {
    async fit({ problem, learner: name, params, seed, signal, onUnits }) {
      const learner = find(name);
      const total = learner.units(params);
      const shared = shareProblem(problem);
      const cuts = cut(total, Math.min(total, threads * PARTS_PER_THREAD));
      const tasks = cuts.map(([from, to]): FitTask => ({
        problem: shared,
        learner: name,
        params,
        seed,
        from,
        to,
      }));
      let done = 0;
      const parts = await runAll<Fitted>('fitUnits', tasks, signal, (index) => {
        done += cuts[index][1] - cuts[index][0];
        onUnits?.(done, total);
      });
      return learner.join(parts);
    },

    async crossValidate({ problem, learner, params, seed, folds, positive, signal, onFold }) {
      find(learner);
      const shared = shareProblem(problem);
      const tasks = folds.map((fold): FoldTask => ({
        problem: shared,
        learner,
        params,
        seed,
        fold: { test: share(fold.test), train: fold.train && share(fold.train) },
        positive,
      }));
      let done = 0;
      const scores = await runAll<FoldScore>('scoreFold', tasks, signal, () =>
        onFold?.(++done, folds.length),
      );
      return scores.map((score) => {
        if ('refusal' in score) throw new NumericalError(score.refusal);
        return score.metrics;
      });
    },

    async bin(x, rows, columns, signal, gaps) {
      const shared = share(x);
      const parts = await runAll<Float32Array[]>(
        'findColumnEdges',
        cut(columns, Math.min(columns, threads)).map(([from, to]): EdgesTask => ({
          x: shared,
          rows,
          columns,
          from,
          to,
          gaps,
        })),
        signal,
      );
      const edges = parts.flat();
      const bins = new Uint8Array(new SharedArrayBuffer(rows * columns));
      await runAll(
        'assignRowBins',
        cut(rows, Math.min(rows, threads)).map(([from, to]): BinsTask => ({
          x: shared,
          columns,
          edges,
          bins,
          from,
          to,
          gaps,
        })),
        signal,
      );
      return gaps ? { rows, columns, bins, edges, gaps } : { rows, columns, bins, edges };
    },

    close: () => piscina.destroy(),
  };
}

/** 0..total in `parts` stretches whose lengths differ by at most 1. */
function cut(total: number, parts: number): [from: number, to: number][] {
  const at = (part: number) => Math.floor((part * total) / parts);
  return Array.from({ length: parts }, (_, part) => [at(part), at(part + 1)]);
}

function find(name: string): Learner {
  const learner = shelf.get(name);
  if (!learner) {
    const expected = `one of ${[...shelf.keys()].join(', ')}`;
    throw new PerennialError('LEARNER_REFUSED', `There is no learner "${name}"; expected ${expected}.`, {
      value: name,
      expected,
    });
  }
  return learner;
}
