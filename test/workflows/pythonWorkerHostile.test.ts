import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { decodeFeatures, type Features } from '../../activities/features.ts';
import { foldsOf } from '../../activities/folds.ts';
import { readAnswers } from '../../activities/external/answer.ts';
import { ticksOf } from '../../bench/processes.ts';
import { external, impute, mebibytes, oneHot, passthrough, tree } from '../../config/define.ts';
import type { Definition } from '../../config/definition.ts';
import { withoutFold } from '../../learning/split.ts';
import { openBench, type Bench } from './bench.ts';
import { small } from './definitions.ts';
import { QUEUE, startPythonWorker, trainersPython, type PythonWorker } from './pythonWorker.ts';

/**
 * The Python worker where it is not easy: rows that count more, values that are missing, bounds of time and memory, a
 * training that is cancelled, and its own death amid a question.
 */

const MINUTE = 60_000;
/** Trees that nobody waits for. */
const ENDLESS = 1_000_000;

let bench: Bench;
let python = '';
let worker: PythonWorker | undefined;
let reason = '';

beforeAll(async () => {
  const found = await trainersPython();
  if ('reason' in found) reason = found.reason;
  else if (process.platform !== 'linux') reason = 'processes are looked at in /proc';
  else {
    ({ python } = found);
    bench = await openBench();
    worker = await startPythonWorker(python, bench);
  }
}, 10 * MINUTE);
afterAll(async () => {
  if (!worker) return;
  await worker.end('SIGTERM');
  await bench.close();
}, MINUTE);

const candidate = (learner: string, params: Record<string, number | boolean>) =>
  external({
    ...{ taskQueue: QUEUE, learner, startWithinMs: MINUTE },
    grid: Object.fromEntries(Object.entries(params).map(([name, value]) => [name, [value]])),
  });

/** What a worker's question is computed in, and what lies in its scratch. */
const computing = ({ pid }: PythonWorker): number[] => [...ticksOf([pid]).keys()].filter((at) => at !== pid);
const scratch = (): string[] =>
  readdirSync(bench.folder).filter((name) => name.startsWith('perennial-trainer-'));
const idle = () =>
  expect
    .poll(() => [worker ? computing(worker) : [], scratch()], { timeout: 2 * MINUTE, interval: 200 })
    .toEqual([[], []]);
const busy = () =>
  expect
    .poll(() => (worker ? computing(worker).length : 0), { timeout: 4 * MINUTE, interval: 200 })
    .toBeGreaterThan(0);

async function train(definition: Definition) {
  const training = await bench.client.train(definition);
  const result = await training.result();
  return { result, candidates: await bench.store.candidates.list(training.name, training.run) };
}

test(
  'the weights of rows are learned by: a leaf answers the weighted share of its rows',
  { timeout: 8 * MINUTE },
  async ({ skip }) => {
    if (!worker) return skip(reason);
    const definition = small(bench, {
      name: 'weights',
      dataset: `SELECT id, floor(size / 5) AS size, late, CASE WHEN late = 'yes' THEN 1 + id % 4 ELSE 1 END AS importance FROM parcels`,
      weight: 'importance',
      select: { folds: 2, metric: 'logLoss' },
      search: [candidate('forest', { n_estimators: 1, max_depth: 1, bootstrap: false })],
    });
    const { result, candidates } = await train(definition);
    expect(result, candidates[0]?.reason).toMatchObject({ outcome: 'registered' });
    const { run: row } = await bench.client.run('weights', 1);
    const features = decodeFeatures(await bench.store.artifacts.get(row.featuresDigest ?? ''));
    const kept = await bench.store.runs.artifacts('weights', 1);
    const digest = kept.find(({ role }) => role === 'answers/0')?.digest ?? '';
    const every = Int32Array.from({ length: features.facts.rows }, (_, at) => at);
    const folds = foldsOf(features, definition);
    const parts = Object.fromEntries(folds.map(({ test: rows }, k) => [`fold_${k}`, rows.length]));
    const answers = await readAnswers(bench.store.artifacts, digest, parts, 2);
    folds.forEach(({ test: rows, train: learned = withoutFold(every, rows) }, k) => {
      const shares = weightedShares(features, learned);
      const expected = Array.from(rows, (at) => shares.get(features.x[at]) ?? NaN);
      const found = Array.from(rows, (_, i) => answers[`fold_${k}`][2 * i + 1]);
      found.forEach((share, i) => expect(share).toBeCloseTo(expected[i], 12));
      expect(new Set(expected).size).toBe(2);
    });
  },
);

/** Of the second class, by the value of the only feature. */
function weightedShares({ x, y, weights }: Features, rows: Int32Array): Map<number, number> {
  const sums = new Map<number, { all: number; second: number }>();
  for (const at of rows) {
    const sum = sums.get(x[at]) ?? { all: 0, second: 0 };
    const weight = weights?.[at] ?? NaN;
    sum.all += weight;
    sum.second += weight * y[at];
    sums.set(x[at], sum);
  }
  return new Map([...sums].map(([value, { all, second }]) => [value, second / all]));
}

test(
  'missing values go to LightGBM as they are, through its file too; a learner that takes none is refused and says so',
  { timeout: 8 * MINUTE },
  async ({ skip }) => {
    if (!worker) return skip(reason);
    const { result, candidates } = await train(
      small(bench, {
        name: 'gaps',
        dataset: 'SELECT id, CASE WHEN id % 5 = 0 THEN NULL ELSE size END AS size, colour, late FROM parcels',
        features: [impute('size', { strategy: 'none' }), passthrough('size'), oneHot('colour')],
        search: [candidate('forest', { n_estimators: 5 }), candidate('lightgbm', { n_estimators: 20 })],
      }),
    );
    expect(candidates.map((each) => [each.status, each.reason])).toEqual([
      ['refused', 'forest takes no missing values; impute them in `features`'],
      ['done', undefined],
    ]);
    expect(result).toMatchObject({ outcome: 'registered', version: 1 });
    const version = await bench.client.model('gaps', 1);
    const golden = JSON.parse(
      new TextDecoder().decode(await bench.store.artifacts.get(version.goldenDigest)),
    ) as { inputs: { size: (number | null)[] } };
    // Python and the file were compared on rows with a gap.
    expect(golden.inputs.size).toContain(null);
  },
);

test(
  'a candidate that takes too long, or too much memory, is ended and is the only one that fails',
  { timeout: 10 * MINUTE },
  async ({ skip }) => {
    if (!worker) return skip(reason);
    const time = await train(
      small(bench, {
        name: 'time',
        search: [candidate('lightgbm', { n_estimators: ENDLESS }), tree()],
        budget: { candidateMs: 15_000 },
      }),
    );
    expect(time.result).toMatchObject({ outcome: 'registered' });
    expect(time.candidates[0]).toMatchObject({
      ...{ status: 'timed-out', reason: 'not done within 15000 ms (budget.candidateMs)' },
    });
    await idle();

    const memory = await train(
      small(bench, {
        name: 'memory',
        search: [candidate('forest', { n_estimators: ENDLESS }), tree()],
        budget: { candidateBytes: mebibytes(400) },
      }),
    );
    expect(memory.result).toMatchObject({ outcome: 'registered' });
    const [{ status, reason: said }] = memory.candidates;
    expect(status).toBe('out-of-memory');
    expect(said).toMatch(/^its process took 4\d{8} bytes, of 419430400 \(budget.candidateBytes\)$/);
    await idle();
  },
);

test(
  'a cancelled training ends what the worker computes, and it takes the next question',
  { timeout: 10 * MINUTE },
  async ({ skip }) => {
    if (!worker) return skip(reason);
    const endless = small(bench, {
      name: 'cancelled',
      search: [candidate('lightgbm', { n_estimators: ENDLESS })],
    });
    const training = await bench.client.train(endless);
    await busy();
    await training.cancel();
    await expect(training.result()).rejects.toMatchObject({ code: 'CANCELLED' });
    await idle();
    const next = await train(small(bench, { name: 'next', search: [candidate('linear', { C: 1 })] }));
    expect(next.result).toMatchObject({ outcome: 'registered' });
  },
);

test(
  'a worker that is killed amid a question leaves nothing behind, and another gives what the undisturbed one gives',
  { timeout: 12 * MINUTE },
  async ({ skip }) => {
    if (!worker) return skip(reason);
    const definition = small(bench, {
      name: 'killed',
      search: [candidate('lightgbm', { n_estimators: 30, num_leaves: 7 })],
    });
    const training = await bench.client.train(definition);
    await busy();
    const orphans = computing(worker);
    await worker.end('SIGKILL');
    await expect
      .poll(() => [...ticksOf(orphans).keys(), ...scratch()], { timeout: 2 * MINUTE, interval: 200 })
      .toEqual([]);
    worker = await startPythonWorker(python, bench);
    const disturbed = await training.result();
    expect(disturbed).toMatchObject({ outcome: 'registered', version: 1 });

    const undisturbed = await train(definition);
    expect(undisturbed.result).toMatchObject({ version: 1, existing: true });
    const [first] = await bench.store.candidates.list('killed', 1);
    expect(undisturbed.candidates[0]).toMatchObject({ mean: first.mean, folds: first.folds });
  },
);
