import { afterAll, beforeAll, expect, test } from 'vitest';
import { external, minutes, tree } from '../../config/define.ts';
import { openBench, type Bench } from './bench.ts';
import { small } from './definitions.ts';
import { odd, QUEUE, startOddTrainer, type OddTrainer } from './oddTrainer.ts';

/**
 * The contract of docs/trainers.md, by a trainer that is not Python: what it answers is scored, and whatever else it does
 * costs its candidate and not the search.
 */

const MINUTE = 60_000;

let bench: Bench;
let trainer: OddTrainer;

beforeAll(async () => {
  bench = await openBench();
  trainer = await startOddTrainer(bench);
});
afterAll(async () => {
  await trainer.close();
  await bench.close();
});

/** How each candidate ends that is not as it should be, and what its reason says. */
const BROKEN: [string, string, RegExp][] = [
  ['refuses', 'refused', /^it is too cold$/],
  ['full', 'out-of-memory', /^it took 9 bytes$/],
  ['pickledDetails', 'refused', /^it is too hot$/],
  ['words', 'refused', /answersDigest is "no digest": must be the SHA-256/],
  ['absent', 'refused', /answers that are not there/],
  ['nothing', 'refused', /answered null; expected one object with apiVersion, answersDigest and packages/],
  ['pickled', 'refused', /in the encoding "binary\/pickle"; expected one JSON object \(json\/plain\)/],
  ['noJson', 'refused', /answered what is no JSON: .*; expected one object with apiVersion/],
  ['noText', 'refused', /in the encoding ".*"; expected one JSON object/],
  ['deep', 'refused', /answered \[\[\[.*; expected one object with apiVersion/],
  ['wordy', 'refused', /answered 40\d{3} bytes; expected at most 32768: .* artifact/],
  ['huge', 'refused', /failed: /],
  ['short', 'refused', /answered F64 \[\d+\] in "fold_0"; expected F64 or F32 \[\d+, 2\]/],
  ['transposed', 'refused', /answered F64 \[2, \d+\] in "fold_0"; expected F64 or F32 \[\d+, 2\]/],
  ['scores', 'refused', /row 0 of "fold_0" with \[1.400, 0.6000\]; expected .* that sum to 1, within 0.001/],
  ['outside', 'refused', /row 0 of "fold_0" with \[1.500, -0.5000\]; expected probabilities from 0 to 1/],
  ['gaps', 'refused', /row 1 of "fold_0" with \[NaN, NaN\]; expected probabilities/],
];

test('whatever a trainer does costs its candidate and not the search', { timeout: 4 * MINUTE }, async () => {
  const definition = small(bench, {
    name: 'odd',
    search: [
      external({ taskQueue: 'nobody', learner: 'any', startWithinMs: 1_000 }),
      ...BROKEN.map(([learner]) => odd(learner)),
      ...['shares', 'plane'].map(odd),
      tree({ maxDepth: 2 }),
    ],
    budget: { candidateMs: 55_000, candidateBytes: 2 ** 31 },
    parallelism: 9,
  });
  const training = await bench.client.train(definition);
  expect(await training.result()).toMatchObject({ outcome: 'registered', version: 1 });
  const candidates = await bench.store.candidates.list('odd', training.run);
  expect(candidates.map(({ learner, status, reason }) => [learner, status, reason])).toEqual([
    ['nobody/any', 'refused', expect.stringMatching(/no trainer.*"nobody" began it within 1000 ms/)],
    ...BROKEN.map(([learner, status, reason]) => [
      `${QUEUE}/${learner}`,
      status,
      expect.stringMatching(reason) as string,
    ]),
    [`${QUEUE}/shares`, 'done', undefined],
    [`${QUEUE}/plane`, 'done', undefined],
    ['tree', 'done', undefined],
  ]);
  // The same to every row ranks nothing.
  const [shares, plane] = candidates.slice(-3);
  expect(shares.mean).toBe(0.5);
  expect(plane.folds).toEqual(shares.folds);
  const asked = trainer.questions.find(({ learner }) => learner === 'shares');
  expect(asked).toMatchObject({
    ...{ apiVersion: 1, name: 'odd', run: 1, params: { size: 1 }, task: 'binary', classes: 2 },
    ...{ candidate: shares.index, limits: { ms: 55_000, bytes: 2 ** 31 } },
  });
  expect(JSON.stringify(asked).length).toBeLessThan(1_000);
});

const registered = async (name: string, learner: string, more: Partial<Parameters<typeof small>[1]> = {}) => {
  const select = { folds: 2, metric: 'logLoss' as const };
  const training = await bench.client.train(small(bench, { name, search: [odd(learner)], select, ...more }));
  return training.result();
};

test(
  'a winner whose file is as it says is registered; one that lies is not',
  { timeout: 4 * MINUTE },
  async () => {
    expect(await registered('honest', 'shares')).toMatchObject({ outcome: 'registered', version: 1 });
    const { code } = await bench.client.model('honest', 1);
    const kept = await bench.store.runs.artifacts('honest', 1);
    expect(code).toMatchObject({
      ...{ trainer: QUEUE, 'trainer.packages.odd': '1.0' },
      // A package may be called as anything that is said of the trainer.
      'trainer.packages.file': '9.9',
      'trainer.file': kept.find(({ role }) => role === 'trainer/model')?.digest,
    });

    // What is equal but for a last digit has either label.
    expect(await registered('evens', 'evens')).toMatchObject({ outcome: 'registered', version: 1 });

    const liar = await bench.client.train(small(bench, { name: 'liar', search: [odd('liar'), tree()] }));
    await expect(liar.result()).rejects.toMatchObject({ code: 'PARITY_FAILED' });
    expect(await bench.store.registry.list('liar')).toEqual([]);
  },
);

test(
  'an honest winner passes through steps that are narrower than a float32',
  { timeout: 2 * MINUTE },
  async () => {
    const dataset = 'SELECT id, floor(size) AS size, late FROM parcels';
    expect(await registered('steps', 'linear', { dataset, calibrate: 'isotonic' })).toMatchObject({
      ...{ outcome: 'registered', version: 1 },
    });
  },
);

test('where no trainer is there for any candidate the run says so', async () => {
  const nobody = external({ taskQueue: 'nobody', learner: 'any', startWithinMs: 1_000 });
  const training = await bench.client.train(small(bench, { name: 'alone', search: [nobody] }));
  await expect(training.result()).rejects.toMatchObject({
    ...{
      code: 'LEARNER_REFUSED',
      message: expect.stringContaining('"nobody" began it within 1000 ms') as string,
    },
  });
});

test(
  'a cancelled training, and a search whose time is over, end what the trainer computes',
  { timeout: 4 * MINUTE },
  async () => {
    const training = await bench.client.train(small(bench, { name: 'cancelled', search: [odd('hangs')] }));
    await expect
      .poll(() => trainer.questions.some(({ name }) => name === 'cancelled'), { timeout: MINUTE })
      .toBe(true);
    await training.cancel();
    await expect(training.result()).rejects.toMatchObject({ code: 'CANCELLED' });
    await expect.poll(trainer.cancelled, { timeout: MINUTE }).toBe(1);

    // Neither keeps the candidate's own time, and one is never begun.
    const absent = external({ taskQueue: 'nobody', learner: 'any', startWithinMs: minutes(30) });
    const late = small(bench, {
      ...{ name: 'late', search: [tree(), odd('hangs'), absent], parallelism: 3 },
      budget: { searchMs: 15_000, candidateMs: 8_000 },
    });
    const second = await bench.client.train(late);
    expect(await second.result()).toMatchObject({ outcome: 'registered' });
    const candidates = await bench.store.candidates.list('late', second.run);
    const over = { status: 'timed-out', reason: 'the time of the search was over (budget.searchMs)' };
    expect(candidates.slice(1)).toMatchObject([over, over]);
    await expect.poll(trainer.cancelled, { timeout: MINUTE }).toBe(2);
  },
);
