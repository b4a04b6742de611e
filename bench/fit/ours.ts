import { performance } from 'node:perf_hooks';
import { createPool, type ComputePool } from '../../compute/pool.ts';
import { share } from '../../compute/share.ts';
import { binMatrix } from '../../learning/binning.ts';
import type { LogisticModel } from '../../learning/learners/logistic.ts';
import { shelf } from '../../learning/learners/shelf.ts';
import { argmax } from '../../learning/metrics/argmax.ts';
import type { Fitted, Learner, Problem } from '../../learning/types.ts';
import type { FitSet } from './data.ts';
import type { Work } from './works.ts';

export interface Fit {
  seconds: number;
  /** Of the processor, all threads of the process: tells more than the wall where other programs share it. */
  cpuSeconds: number;
  logLoss: number;
  accuracy: number;
  /** Of logistic regression: the mean log loss of the fitted rows + |weights|^2 / (2 rows), which both minimise. */
  objective?: number;
}

export interface Contestant {
  fit(work: Work, set: FitSet): Promise<Fit>;
  close(): Promise<void>;
}

/**
 * Fits on this thread what has one thread, and on the pool that a training's refit uses what has more; for trees the
 * time to make bins counts too, as a peer's fit makes its own. As in a training the rows lie on shared memory before.
 */
export function startOurs(): Contestant {
  const pools = new Map<number, ComputePool>();
  const poolOf = (threads: number): ComputePool => {
    const pool = pools.get(threads) ?? createPool({ threads });
    pools.set(threads, pool);
    return pool;
  };
  return {
    async fit({ learner: name, params: given, threads }, set) {
      const learner = find(name);
      const params = learner.params.parse(given);
      const problem = problemOf(set);
      const pool = threads > 1 ? poolOf(threads) : undefined;
      if (pool) await wake(pool, threads);
      const before = process.cpuUsage();
      const started = performance.now();
      const model = pool
        ? await fitOnPool(pool, name, problem, params)
        : fitHere(learner, problem, params, name !== 'logistic');
      const seconds = (performance.now() - started) / 1000;
      const { user, system } = process.cpuUsage(before);
      return { seconds, cpuSeconds: (user + system) / 1e6, ...judge(learner, model, set) };
    },
    close: async () => void (await Promise.all([...pools.values()].map((pool) => pool.close()))),
  };
}

function find(name: string): Learner {
  const learner = shelf.get(name);
  if (!learner) throw new Error(`There is no learner "${name}".`);
  return learner;
}

function problemOf({ rows, columns, classes, fitted, x, y }: FitSet): Problem {
  return {
    task: classes === 2 ? 'binary' : 'multiclass',
    ...{ classes, rows: fitted, columns },
    x: share(x.subarray(0, fitted * columns)),
    y: share(Float64Array.from(y.subarray(0, rows))),
    binned: { rows: fitted, columns, bins: new Uint8Array(), edges: [] },
    train: share(Int32Array.from({ length: fitted }, (_, row) => row)),
  };
}

function fitHere(learner: Learner, problem: Problem, params: object, bins: boolean): Fitted {
  const { x, rows, columns, binned } = problem;
  const whole = { ...problem, binned: bins ? binMatrix(x, rows, columns) : binned };
  return learner.join([learner.fit(whole, params, 1, 0, 1)]);
}

async function fitOnPool(
  pool: ComputePool,
  learner: string,
  problem: Problem,
  params: object,
): Promise<Fitted> {
  const { x, rows, columns } = problem;
  const binned = await pool.bin(x, rows, columns);
  return pool.fit({ problem: { ...problem, binned }, learner, params, seed: 1 });
}

/** Threads that idle for a minute end, and a round of a slow peer takes longer: a start is no part of a fit. */
async function wake(pool: ComputePool, threads: number): Promise<void> {
  await pool.bin(new Float32Array(threads), threads, 1);
}

function judge(
  learner: Learner,
  model: Fitted,
  { rows, columns, classes, fitted, x, y }: FitSet,
): Omit<Fit, 'seconds' | 'cpuSeconds'> {
  const shares = learner.predict(model, x.subarray(fitted * columns), columns);
  let loss = 0;
  for (let row = fitted; row < rows; row++)
    loss -= Math.log(Math.max(1e-15, shares[(row - fitted) * classes + y[row]]));
  const right = argmax(shares, classes).filter((label, i) => label === y[fitted + i]).length;
  const scores = { logLoss: loss / (rows - fitted), accuracy: right / (rows - fitted) };
  if (learner.name !== 'logistic') return scores;
  const own = learner.predict(model, x.subarray(0, fitted * columns), columns);
  let objective = (model as LogisticModel).weights.reduce((sum, weight) => sum + (weight * weight) / 2, 0);
  for (let row = 0; row < fitted; row++) objective -= Math.log(own[row * classes + y[row]]);
  return { ...scores, objective: objective / fitted };
}
