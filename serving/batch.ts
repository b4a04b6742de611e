import type { Answers } from '../compute/session.ts';
import { takeTurns } from '../compute/turns.ts';
import { PerennialError } from '../config/errors.ts';
import type { RawBatch } from '../config/raw.ts';
import type { Model } from './models.ts';
import { joinBatches, takeAnswers } from './rows.ts';

export interface Wait {
  /** `performance.now()` after which nobody waits for the answer any more. */
  deadlineMs: number;
  signal?: AbortSignal;
}

export interface Computed {
  answers: Answers;
  /** `performance.now()` at which they were there, had no other version been asked at the same time. */
  computedMs: number;
}

export interface Batcher {
  /**
   * @param batch checked against the model's inputs
   * @throws PerennialError DEADLINE_EXCEEDED, CANCELLED; what the model throws for these rows
   */
  predict(model: Model, batch: RawBatch, wait: Wait): Promise<Computed>;
}

export interface BatcherOptions {
  /** Rows that are computed together at the most; a larger request is computed by itself. Default 256. */
  maxBatchRows?: number;
}

/**
 * Computes together what arrives for the same version while more keeps arriving: in one turn of the event loop, and in up
 * to MAX_TURNS further ones as long as each brings another request, up to `maxBatchRows` rows. There is no timer: what is
 * alone in its turn is computed at once, and under load, while a batch is computed, the next one gathers in the sockets
 * by itself. Each gets its own rows of the answer. When a batch fails each of its requests is tried alone, so that one
 * cannot fail its neighbours.
 *
 * All versions gather together, and are answered together when the last one is computed. If each gathered for itself, the
 * few requests of a challenger would be answered on their own, come again on their own, and leave the batches in pieces:
 * over 10 connections that cost 16 % of the requests a second; if each were answered by itself, 6 %, since whoever asks is
 * woken twice. So that no latency guard takes one version's time for another's, each is told when it was ready itself.
 *
 * A larger request is computed in slices of some 2.5 ms with the event loop turning in between, one such request at a
 * time: a small request waits for two slices at the most (the one under way, and one while it gathers).
 */
export function createBatcher({ maxBatchRows = 256 }: BatcherOptions = {}): Batcher {
  let gathering: Gathering | undefined;
  const inTurn = takeTurns(1);

  function gather(model: Model, job: Job): void {
    if (!gathering) {
      gathering = { byModel: new Map(), arrived: 0, before: 1, turns: 0 };
      setImmediate(endTurn);
    }
    const { byModel } = gathering;
    const open = byModel.get(model);
    if (open) {
      open.jobs.push(job);
      open.rows += job.batch.rows;
    } else {
      byModel.set(model, { jobs: [job], rows: job.batch.rows });
    }
    gathering.arrived++;
  }

  function endTurn(): void {
    if (!gathering) return;
    const { byModel, arrived, before, turns } = gathering;
    const open = [...byModel];
    if (arrived > before && turns < MAX_TURNS && open.every(([, { rows }]) => rows < maxBatchRows)) {
      gathering.before = arrived;
      gathering.turns++;
      return void setImmediate(endTurn);
    }
    gathering = undefined;
    const began = performance.now();
    // All are begun before the first is computed, and each is computed as a whole: the time since the end of the one before
    // is its own, also where it ended in a failure.
    let ended = began;
    const computing = open.flatMap(([model, { jobs }]) => {
      let own = 0;
      const timed: Timed = async (computation) => {
        try {
          return await computation;
        } finally {
          const now = performance.now();
          own += now - ended;
          ended = now;
        }
      };
      return portions(jobs.filter(isWanted), maxBatchRows).map(async (some) => {
        const settle = await compute(model, some, timed);
        const computedMs = began + own;
        return () => settle(computedMs);
      });
    });
    void Promise.all(computing).then((settles) => settles.forEach((settle) => settle()));
  }

  async function computeLarge(model: Model, batch: RawBatch, wait: Wait): Promise<Computed> {
    // Several signals in one: the caller's, and the deadline's, which is looked at where the loop turns.
    const late = new AbortController();
    const signal = wait.signal ? AbortSignal.any([wait.signal, late.signal]) : late.signal;
    const check = (): void => {
      if (performance.now() > wait.deadlineMs) late.abort();
    };
    try {
      const answers = await inTurn(() => {
        check();
        return model.session.predict(batch, { sliceRows: model.sliceRows, signal, onProgress: check });
      }, signal);
      return { answers, computedMs: performance.now() };
    } catch (error) {
      if (wait.signal?.aborted) throw cancelled(wait.signal);
      if (late.signal.aborted) throw timedOut();
      throw error;
    }
  }

  return {
    predict(model, batch, wait) {
      if (batch.rows > maxBatchRows) return computeLarge(model, batch, wait);
      return new Promise((resolve, reject) => gather(model, { batch, wait, resolve, reject }));
    },
  };
}

/** Turns of the event loop after the first that a request waits for others at the most. */
const MAX_TURNS = 3;

interface Gathering {
  byModel: Map<Model, { jobs: Job[]; rows: number }>;
  /** Jobs of all models. */
  arrived: number;
  /** At the end of the turn before; in the first, the one that nobody need wait for. */
  before: number;
  turns: number;
}

interface Job {
  batch: RawBatch;
  wait: Wait;
  resolve: (computed: Computed) => void;
  reject: (error: unknown) => void;
}

/** Rejects a job for which nobody waits. */
function isWanted({ wait, reject }: Job): boolean {
  if (wait.signal?.aborted) reject(cancelled(wait.signal));
  else if (performance.now() > wait.deadlineMs) reject(timedOut());
  else return true;
  return false;
}

/** In order, each of at most `maxRows` rows. */
function portions(jobs: readonly Job[], maxRows: number): Job[][] {
  const all: Job[][] = [];
  let rows = Infinity;
  for (const job of jobs) {
    rows += job.batch.rows;
    if (rows > maxRows) {
      all.push([]);
      rows = job.batch.rows;
    }
    all[all.length - 1].push(job);
  }
  return all;
}

/** Settles all jobs; they are computed now, and told at `computedMs`. Never throws: others wait for their turn behind it. */
type Settle = (computedMs: number) => void;

/** Charges the version of a computation with its time. */
type Timed = <T>(computation: Promise<T>) => Promise<T>;

async function compute(model: Model, jobs: readonly Job[], timed: Timed): Promise<Settle> {
  if (jobs.length === 1) return computeAlone(model, jobs[0], timed);
  let answers: Answers[];
  try {
    answers = await timed(computeTogether(model, jobs));
  } catch {
    const all = await Promise.all(jobs.map((job) => computeAlone(model, job, timed)));
    return (computedMs) => all.forEach((settle) => settle(computedMs));
  }
  return (computedMs) => jobs.forEach(({ resolve }, i) => resolve({ answers: answers[i], computedMs }));
}

/** Of each job its own rows. */
async function computeTogether({ session }: Model, jobs: readonly Job[]): Promise<Answers[]> {
  const batches = jobs.map(({ batch }) => batch);
  const answers = await session.predict(joinBatches(batches, session.inputs));
  let from = 0;
  return batches.map(({ rows }) => takeAnswers(answers, from, (from += rows)));
}

async function computeAlone(model: Model, { batch, resolve, reject }: Job, timed: Timed): Promise<Settle> {
  try {
    const answers = await timed(model.session.predict(batch));
    return (computedMs) => resolve({ answers, computedMs });
  } catch (error) {
    return () => reject(error);
  }
}

function timedOut(): PerennialError {
  return new PerennialError('DEADLINE_EXCEEDED', 'The answer was not computed in time.', {
    expected: 'fewer rows, or fewer requests at the same time',
  });
}

function cancelled(signal: AbortSignal): PerennialError {
  return new PerennialError('CANCELLED', 'The caller waits no longer.', { cause: signal.reason });
}
