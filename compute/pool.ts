import { setMaxListeners } from 'node:events';
import { Piscina } from 'piscina';
import { PerennialError } from '../config/errors.ts';
import { shelf } from '../learning/learners/shelf.ts';
import { NumericalError } from '../learning/numerical.ts';
import type { Fold } from '../learning/split.ts';
import type { BinnedMatrix, Fitted, Learner, Problem } from '../learning/types.ts';
import { scoreApart } from './apart.ts';
import { readInOrder, type Enough } from './inOrder.ts';
import { LimitExceeded, orOutOfMemory, within, type Limits } from './limits.ts';
import { share, shareProblem } from './share.ts';
import type {
  BinsTask,
  EdgesTask,
  FamilyFoldTask,
  FitTask,
  FoldNumbers,
  FoldScore,
  FoldTask,
} from './thread.ts';
import { threadCode } from './threadCode.ts';
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
  /** Without bounds: as much as it takes. */
  limits?: Limits;
  /** Asked with the scores of the first folds, in order: no other fold need be scored. */
  enough?: Enough;
}

export interface FamilyRequest extends Omit<CrossValidateRequest, 'limits' | 'params'> {
  /** Hyperparameters of each, which differ only in those that the learner's `family` names. */
  members: readonly object[];
}

/** Worker threads that learn. Results do not depend on their number, nor on what else the pool does. */
export interface ComputePool {
  /** Fits all units of a learner, cut over the threads. @throws PerennialError CANCELLED */
  fit(request: FitRequest): Promise<Fitted>;
  /**
   * Fits and scores each fold: all metrics of the task, by fold, and how a learner that iterates ended. Of `enough` those
   * up to the first fold after which it was; which folds these are depends on no order in which folds end.
   *
   * @throws PerennialError CANCELLED; LimitExceeded; NumericalError where the numbers leave what the learner can hold
   */
  crossValidate(request: CrossValidateRequest): Promise<FoldNumbers[]>;
  /** As `crossValidate` without limits, a refusal being a fold's score. */
  scoreFolds(request: Omit<CrossValidateRequest, 'limits'>): Promise<FoldScore[]>;
  /**
   * As `scoreFolds` for each member of a family, by what they share. Where there is no memory for all of them at once each
   * is scored by itself, and one that finds none even so is a LimitExceeded in place of its scores.
   *
   * @throws PerennialError CANCELLED
   */
  scoreFamily(request: FamilyRequest): Promise<(FoldScore[] | LimitExceeded)[]>;
  /** Of each fold what the learner, fitted to the rest, answers for its rows. @throws PerennialError CANCELLED */
  predictFolds(request: Omit<CrossValidateRequest, 'limits' | 'positive'>): Promise<Float64Array[]>;
  /**
   * As `binMatrix`, on all threads, the bins on shared memory.
   *
   * @param kinds what the columns hold besides sizes: missing values, or categories
   * @throws RangeError, PerennialError CANCELLED
   */
  bin(
    x: Float32Array,
    rows: number,
    columns: number,
    signal?: AbortSignal,
    kinds?: Pick<BinnedMatrix, 'gaps' | 'categories'>,
  ): Promise<BinnedMatrix>;
  /** Ends all threads; what is under way is rejected. */
  close(): Promise<void>;
}

/** While tasks run. */
interface Hooks<R> {
  /** When each begins. */
  onBegin?: () => void;
  onDone?: (index: number, result: R) => void;
  /** Asked before each begins: then it does not, and its result is undefined. */
  isEnough?: () => boolean;
}

/** Parts a thread gets of one fit: enough to even out unequal trees and to show progress. */
const PARTS_PER_THREAD = 8;
/** A thread starts in about 0.1 s, and an idle one holds some 15 MiB and the memory of what it last fitted. */
const IDLE_MS = 60_000;

/** @param entry what a thread starts with @param code what it runs then: of threadCode */
export function createPool({
  threads,
  entry = new URL('./thread.mjs', import.meta.url),
  code = threadCode(),
}: {
  threads: number;
  entry?: URL;
  code?: string;
}): ComputePool {
  const piscina = new Piscina({
    filename: entry.href,
    minThreads: 0,
    maxThreads: threads,
    idleTimeout: IDLE_MS,
    // The parent's loaders are of no use in a thread; see thread.mjs.
    ...{ execArgv: [], workerData: { code } },
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
    { onDone, onBegin, isEnough }: Hooks<R> = {},
  ): Promise<R[]> {
    const stop = new AbortController();
    const either = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal;
    setMaxListeners(0, either); // One listener a task is no leak.
    underWay.add(stop);
    try {
      return await Promise.all(
        tasks.map((task, index) => {
          const work = async (): Promise<R> => {
            if (isEnough?.()) return undefined as R;
            onBegin?.();
            const result = (await piscina.run(task, { name, signal: either })) as R;
            // Before its turn is handed on: the next one asks whether it is enough.
            onDone?.(index, result);
            return result;
          };
          return inTurn(work, either);
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

  /** Runs a task of each fold. */
  function runFolds<R>(
    name: 'scoreFold' | 'scoreFamilyFold' | 'predictFold',
    whose: Pick<FoldTask, 'params'> | Pick<FamilyFoldTask, 'members'>,
    { problem, learner, seed, folds, positive, signal, onFold }: Omit<CrossValidateRequest, 'params'>,
    { onDone, ...hooks }: Hooks<R> = {},
  ): Promise<R[]> {
    const shared = shareProblem(problem);
    const tasks = folds.map((fold): FoldTask | FamilyFoldTask => ({
      problem: shared,
      learner,
      ...whose,
      seed,
      fold: { test: share(fold.test), train: fold.train && share(fold.train) },
      positive,
    }));
    let done = 0;
    return runAll(name, tasks, signal, {
      ...hooks,
      onDone: (index, result) => {
        onDone?.(index, result);
        onFold?.(++done, folds.length);
      },
    });
  }

  const scoreFolds = (
    { params, enough, ...request }: CrossValidateRequest,
    onBegin?: () => void,
  ): Promise<FoldScore[]> => {
    const scores: FoldScore[] = [];
    const hooks: Hooks<FoldScore> = enough
      ? {
          onDone: (index, score) => (scores[index] = score),
          isEnough: () => readInOrder(scores, request.folds.length, enough).ended,
        }
      : {};
    return runFolds('scoreFold', { params }, request, { onBegin, ...hooks });
  };

  /** In a process of its own, which takes the turn of one thread. */
  async function apart(
    {
      signal = new AbortController().signal,
      onFold,
      folds,
      ...request
    }: Omit<CrossValidateRequest, 'enough'> & { bytes: number },
    onBegin: () => void,
  ): Promise<FoldScore[]> {
    const work = () => {
      onBegin();
      return scoreApart(
        { ...request, folds, code },
        { signal, onFold: onFold && ((done) => onFold(done, folds.length)) },
      );
    };
    return inTurn(work, signal).catch((error: unknown) => {
      if (!signal.aborted) throw error;
      throw new PerennialError('CANCELLED', 'Computing was cancelled.', { cause: signal.reason });
    });
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
      const onDone = (index: number) => {
        done += cuts[index][1] - cuts[index][0];
        onUnits?.(done, total);
      };
      const parts = await runAll<Fitted>('fitUnits', tasks, signal, { onDone });
      return learner.join(parts);
    },

    scoreFolds: (request) => scoreFolds(request),

    async scoreFamily({ members, ...request }) {
      find(request.learner);
      const together = await orOutOfMemory(runFolds<FoldScore[]>('scoreFamilyFold', { members }, request));
      if (!(together instanceof LimitExceeded))
        return members.map((_, i) => together.map((scores) => scores[i]));
      const alone: (FoldScore[] | LimitExceeded)[] = [];
      for (const params of members) alone.push(await orOutOfMemory(scoreFolds({ ...request, params })));
      return alone;
    },

    predictFolds({ params, ...request }) {
      find(request.learner);
      return runFolds('predictFold', { params }, request);
    },

    async crossValidate({ limits = {}, enough, ...request }) {
      find(request.learner);
      const { ms, bytes } = limits;
      const scores = await orOutOfMemory(
        within(ms, request.signal, (signal, begin) =>
          bytes === undefined
            ? scoreFolds({ ...request, enough, signal }, begin)
            : apart({ ...request, signal, bytes }, begin),
        ),
      );
      if (scores instanceof LimitExceeded) throw scores;
      const { kept, refusal } = readInOrder(scores, request.folds.length, enough);
      if (refusal !== undefined) throw new NumericalError(refusal);
      return kept;
    },

    async bin(x, rows, columns, signal, kinds = {}) {
      const shared = share(x);
      const parts = await runAll<Float32Array[]>(
        'findColumnEdges',
        cut(columns, Math.min(columns, threads)).map(([from, to]): EdgesTask => ({
          x: shared,
          rows,
          columns,
          from,
          to,
          ...kinds,
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
          gaps: kinds.gaps,
        })),
        signal,
      );
      return { rows, columns, bins, edges, ...kinds };
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
