import { afterAll, beforeAll, expect, test } from 'vitest';
import { someJson, tinyModel } from './fixtures.ts';
import { post, serve, type HttpServer } from './httpServer.ts';

interface Explained {
  prediction: string | number | boolean;
  probabilities?: Record<string, number>;
  explanation: {
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
  ]);
});
afterAll(() => http.close());

async function explain(name: string, rows: object[]): Promise<Explained[]> {
  const answer = await post(http.server, `/models/${name}/predict`, { rows, explain: true });
  expect(answer).toMatchObject({ status: 200 });
  return answer.body.predictions as Explained[];
}

test.each([
  ['flights', ({ probabilities }: Explained) => probabilities?.true],
  ['levels', ({ prediction, probabilities }: Explained) => probabilities?.[String(prediction)]],
  ['minutes', ({ prediction }: Explained) => prediction],
  ['narrow', ({ probabilities }: Explained) => probabilities?.true],
] as const)('what the columns add in %s adds up to the score that was answered', async (name, scoreOf) => {
  for (const answer of await explain(name, someJson(20))) {
    const { score, base, contributions } = answer.explanation;
    expect(score).toBe(scoreOf(answer));
    const total = contributions.reduce((sum, { contribution }) => sum + contribution, base);
    expect(Math.abs(total - score)).toBeLessThan(1e-9);
    const sizes = contributions.map(({ contribution }) => Math.abs(contribution));
    expect(sizes).toEqual([...sizes].sort((a, b) => b - a));
  }
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
