import { afterAll, beforeAll, expect, test } from 'vitest';
import { explainInTurn } from '../../serving/explain.ts';
import { keepExplainers } from '../../serving/explainers.ts';
import { readGoldenRows } from '../../serving/golden.ts';
import { someBatch, someJson, tinyModel } from './fixtures.ts';
import { post, serve, type HttpServer } from './httpServer.ts';

interface Explained {
  prediction: string | number | boolean;
  probabilities?: Record<string, number>;
  explanation: {
    method: string;
    explained: string;
    score: number;
    of?: string | boolean;
    base: number;
    contributions: { column: string; value: unknown; contribution: number }[];
  };
}

let http: HttpServer;

beforeAll(async () => {
  http = await serve([
    ['flights', await tinyModel({ learner: 'forest', params: { trees: 10 } })],
    ['levels', await tinyModel({ task: 'multiclass' })],
    ['minutes', await tinyModel({ task: 'regression', learner: 'ridge' })],
    ['narrow', await tinyModel({ columns: ['distance'] })],
    ['boosted', await tinyModel({ learner: 'boosting', params: { rounds: 20, minLeaf: 5 } })],
    [
      'grades',
      await tinyModel({ task: 'multiclass', learner: 'boosting', params: { rounds: 9, minLeaf: 5 } }),
    ],
    ['machine', await tinyModel({ learner: 'linearSvm', params: {} })],
    ['pair', await tinyModel({ learner: 'forest', params: { trees: 8 }, columns: ['distance', 'urgent'] })],
    ['near', await tinyModel({ learner: 'neighbors', params: { k: 7 } })],
  ]);
});
afterAll(() => http.close());

async function explain(name: string, rows: object[]): Promise<Explained[]> {
  const answer = await post(http.server, `/models/${name}/predict`, { rows, explain: true });
  expect(answer).toMatchObject({ status: 200 });
  return answer.body.predictions as Explained[];
}

const positive = ({ probabilities }: Explained) => probabilities?.true ?? NaN;
const logOdds = (answer: Explained) => Math.log(positive(answer) / (1 - positive(answer)));
const ofPredicted = ({ prediction, probabilities }: Explained) => probabilities?.[String(prediction)] ?? NaN;

test.each([
  ['flights', 'treeShap', 'probability', positive],
  ['levels', 'treeShap', 'probability', ofPredicted],
  ['minutes', 'linearShap', 'value', ({ prediction }: Explained) => Number(prediction)],
  ['narrow', 'treeShap', 'probability', positive],
  ['boosted', 'treeShap', 'logOdds', logOdds],
  ['machine', 'linearShap', 'logOdds', logOdds],
  ['near', 'sampled', 'probability', positive],
] as const)(
  'what the columns add in %s adds up to the score, by %s, which is the %s that was answered',
  async (name, method, explained, scoreOf) => {
    for (const answer of await explain(name, someJson(20))) {
      const { score, base, contributions, ...rest } = answer.explanation;
      expect(rest).toMatchObject({ method, explained });
      const size = Math.max(1, Math.abs(score));
      // The answer is a float32, of probabilities near 1 too coarse for their log odds.
      const limit = explained === 'logOdds' ? 1e-3 : 1e-6;
      expect(Math.abs(score - scoreOf(answer)) / size).toBeLessThan(limit);
      const total = contributions.reduce((sum, { contribution }) => sum + contribution, base);
      expect(Math.abs(total - score) / size).toBeLessThan(1e-9);
      const sizes = contributions.map(({ contribution }) => Math.abs(contribution));
      expect(sizes).toEqual([...sizes].sort((a, b) => b - a));
    }
  },
);

test('of several boosted classes the score of the predicted one is explained', async () => {
  for (const { prediction, explanation } of await explain('grades', someJson(20))) {
    const { score, base, contributions, ...rest } = explanation;
    expect(rest).toMatchObject({ method: 'treeShap', explained: 'score', of: prediction });
    const total = contributions.reduce((sum, { contribution }) => sum + contribution, base);
    expect(Math.abs(total - score)).toBeLessThan(1e-9);
  }
});

test('contributions are Shapley values of what the version answers, over its raw columns', async () => {
  // Two columns have a closed form, asked of the version itself: half of each order, against every golden row.
  const [row] = someJson(1, 5);
  const version = await http.bench.store.registry.get('pair', 1);
  if (!version) throw new Error('there is no pair');
  const bytes = await http.bench.store.artifacts.get(version.goldenDigest);
  const { inputs } = JSON.parse(new TextDecoder().decode(bytes)) as {
    inputs: { distance: (number | null)[]; urgent: number[] };
  };
  const others = inputs.distance.map((distance, i) => ({ distance, urgent: inputs.urgent[i] === 1 }));
  const own = { distance: row.distance, urgent: row.urgent };
  const ask = async (rows: object[]): Promise<number[]> => {
    const answer = await post(http.server, '/models/pair/predict', { rows });
    return (answer.body.predictions as Explained[]).map(positive);
  };
  const both = (await ask([own]))[0];
  const neither = await ask(others);
  const distance = await ask(others.map(({ urgent }) => ({ distance: own.distance, urgent })));
  const urgent = await ask(others.map((other) => ({ distance: other.distance, urgent: own.urgent })));
  const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const expected = {
    distance: mean(others.map((_, i) => (distance[i] - neither[i] + both - urgent[i]) / 2)),
    urgent: mean(others.map((_, i) => (urgent[i] - neither[i] + both - distance[i]) / 2)),
  };
  const [{ explanation }] = await explain('pair', [own]);
  expect(explanation.base).toBeCloseTo(mean(neither), 6);
  for (const { column, contribution } of explanation.contributions)
    expect(contribution).toBeCloseTo(expected[column as keyof typeof expected], 6);
});

test('values are told as a person writes them, and the class whose probability the score is', async () => {
  const [row] = someJson(1);
  const [{ explanation }] = await explain('flights', [row]);
  expect(Object.fromEntries(explanation.contributions.map(({ column, value }) => [column, value]))).toEqual(
    row,
  );
  expect(explanation.of).toBe(true);
});

test('the same row has the same explanation, wherever it stands', async () => {
  const rows = someJson(3);
  const [first] = await explain('flights', [rows[0]]);
  const answers = await explain('flights', [rows[2], rows[1], rows[0]]);
  expect(answers[2]).toEqual(first);
});

test('the column that decides has the largest share', async () => {
  // The tiny models are made so that the distance decides.
  const [{ explanation }] = await explain('minutes', [{ ...someJson(1)[0], distance: 30_000 }]);
  expect(explanation.contributions[0].column).toBe('distance');
});

test('what an explanation asks the model is not logged as a prediction', async () => {
  const before = http.core.records.length;
  await explain('flights', someJson(2));
  expect(http.core.records.slice(before)).toMatchObject([{ rows: 2 }]);
});

test('more than 100 rows are refused', async () => {
  const answer = await post(http.server, '/models/flights/predict', { rows: someJson(101), explain: true });
  expect(answer).toMatchObject({ status: 413, body: { code: 'TOO_LARGE', field: 'rows' } });
});

test('explanations that take too long end with 504, and say what would be right', async () => {
  const { store } = http.bench;
  const explainers = keepExplainers(store.artifacts);
  const explainAll = explainInTurn({
    explainers,
    golden: readGoldenRows(store.artifacts),
    // Never answers by itself; like the gateway's own it ends with the signal.
    score: (_model, _batch, signal) =>
      new Promise((_resolve, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason as Error)),
      ),
    maxMs: 50,
  });
  const model = await store.registry.get('near', 1);
  if (!model) throw new Error('there is no model');
  const question = {
    model,
    batch: someBatch(2),
    rows: [0, 1],
    answers: { probabilities: new Float32Array(4) },
  };
  const never = new AbortController().signal;
  // A second request waits for its turn, and no longer than the first.
  const both = await Promise.allSettled([explainAll([question], never), explainAll([question], never)]);
  for (const outcome of both)
    expect(outcome).toMatchObject({
      status: 'rejected',
      reason: {
        code: 'DEADLINE_EXCEEDED',
        field: 'explain',
        expected: expect.stringContaining('fewer rows') as string,
      },
    });
  await explainers.close();
});
