import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { openSession } from '../../compute/session.ts';
import { someBatch, someJson, tinyModel, type TinyModel } from './fixtures.ts';
import { post, serve, type HttpServer } from './httpServer.ts';
import { changeRoute } from './core.ts';

interface Prediction {
  prediction: unknown;
  probability?: number;
  probabilities?: Record<string, number>;
  version: number;
  arm: string;
}

const ROWS = 30;
let models: Record<'flights' | 'levels' | 'minutes', TinyModel>;
let http: HttpServer;

beforeAll(async () => {
  models = {
    flights: await tinyModel({ learner: 'forest', params: { trees: 7 } }),
    levels: await tinyModel({ task: 'multiclass', learner: 'logistic' }),
    minutes: await tinyModel({ task: 'regression', learner: 'ridge' }),
  };
  const challenger = await tinyModel({ seed: 2 });
  http = await serve([...Object.entries(models), ['flights', challenger]]);
});
afterAll(() => http.close());

async function predict(name: string, body: object, headers?: Record<string, string>): Promise<Prediction[]> {
  const answer = await post(http.server, `/models/${name}/predict`, body, headers);
  expect(answer).toMatchObject({ status: 200 });
  return answer.body.predictions as Prediction[];
}

describe('rows as objects are answered by what the model itself answers', () => {
  test.each(['flights', 'levels'] as const)('classes of %s', async (name) => {
    const { classes } = models[name].signature as { classes: (string | boolean)[] };
    const session = await openSession(models[name].bytes);
    const { labels, probabilities } = await session.predict(someBatch(ROWS));
    const answers = await predict(name, { rows: someJson(ROWS) });
    expect(answers.map(({ prediction }) => prediction)).toEqual(
      Array.from(labels as Int32Array, (label) => classes[label]),
    );
    for (const [row, answer] of answers.entries()) {
      const shares = classes.map((_, i) => probabilities?.[row * classes.length + i]);
      // What is written has the fewest digits that mean the same float32.
      expect(Object.keys(answer.probabilities ?? {})).toEqual(classes.map(String));
      expect(Object.values(answer.probabilities ?? {}).map(Math.fround)).toEqual(shares);
      expect(Math.fround(answer.probability ?? NaN)).toBe(shares[(labels as Int32Array)[row]]);
      expect(answer).toMatchObject({ version: 1, arm: 'champion' });
    }
    await session.release();
  });

  test('values of a regression', async () => {
    const session = await openSession(models.minutes.bytes);
    const { prediction } = await session.predict(someBatch(ROWS));
    const answers = await predict('minutes', { rows: someJson(ROWS) });
    expect(answers.map((answer) => Math.fround(answer.prediction as number))).toEqual([
      ...(prediction ?? []),
    ]);
    expect(answers[0]).not.toHaveProperty('probability');
    await session.release();
  });
});

test('the request id is the one that the caller gave, in the answer, the header and the log', async () => {
  const id = 'order-4711/2';
  const answer = await post(
    http.server,
    '/models/flights/predict',
    { row: someJson(1)[0] },
    { 'x-request-id': id },
  );
  expect(answer).toMatchObject({ status: 200, body: { requestId: id }, headers: { 'x-request-id': id } });
  expect(http.core.records.at(-1)).toMatchObject({ requestId: id, name: 'flights', rows: 1 });
});

test('an illegal request id is replaced by a UUIDv7', async () => {
  const answer = await post(
    http.server,
    '/models/flights/predict',
    { rows: someJson(1) },
    { 'x-request-id': 'a"b' },
  );
  expect(answer.body.requestId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
});

test('every type may be written in each of its ways, and null is missing', async () => {
  const [row] = someJson(1);
  const at = Date.parse(row.at as string);
  const answers = await predict('flights', {
    rows: [
      row,
      { ...row, at, distance: String(row.distance), urgent: row.urgent ? 1 : 0 },
      { ...row, target: 'passed over', constructor: 'too' },
      { distance: null, carrier: null, at: null, urgent: null },
    ],
  });
  expect(answers[1]).toEqual(answers[0]);
  expect(answers[2]).toEqual(answers[0]);
  expect(answers[3].prediction).toBeTypeOf('boolean');
});

test('a version that is named answers whatever the route says', async () => {
  const rows = someJson(2);
  const answer = await post(http.server, '/models/flights/versions/2/predict', { rows });
  expect(answer).toMatchObject({
    status: 200,
    body: { predictions: [{ version: 2, arm: 'direct' }, { version: 2 }] },
  });
});

describe('during a rollout', () => {
  beforeAll(async () => {
    const { revision } = await changeRoute(http.bench.store, 'flights', {
      challengerVersion: 2,
      weight: 0.5,
      rolloutId: 'rollout/flights/1',
      stage: 0,
    });
    await vi.waitFor(() => expect(http.core.routing.revisions().flights).toBe(revision), 10_000);
  });

  test('rows with keys of their own are split over both versions and answered in order', async () => {
    const rows = someJson(ROWS);
    const keys = rows.map((_, i) => `user-${i}`);
    const together = await predict('flights', { rows, keys });
    expect(new Set(together.map(({ arm }) => arm))).toEqual(new Set(['champion', 'challenger']));
    for (const [i, row] of rows.entries()) {
      expect(await predict('flights', { row, key: keys[i] })).toEqual([together[i]]);
    }
  });

  test('one key for all rows stays with one version', async () => {
    const answers = await predict('flights', { rows: someJson(ROWS), key: 42 });
    expect(new Set(answers.map(({ version }) => version)).size).toBe(1);
    expect(http.core.records.at(-1)?.keys).toEqual(['42']);
  });
});
