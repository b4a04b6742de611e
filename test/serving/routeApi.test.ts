import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { changeRoute } from './core.ts';
import { tinyModel } from './fixtures.ts';
import { serve, type HttpServer } from './httpServer.ts';

let http: HttpServer;

beforeAll(async () => {
  http = await serve([
    ['flights', await tinyModel()],
    ['flights', await tinyModel({ seed: 2 })],
    ['flights', await tinyModel({ seed: 3 })],
  ]);
});
afterAll(() => http.close());

async function put(body: unknown, headers: Record<string, string> = {}) {
  const answer = await http.server.inject({
    method: 'PUT',
    url: '/models/flights/route',
    headers: { 'content-type': 'application/json', ...headers },
    payload: JSON.stringify(body),
  });
  return { status: answer.statusCode, body: answer.json<Record<string, unknown>>() };
}

async function get(url: string) {
  const answer = await http.server.inject(url);
  return { status: answer.statusCode, body: answer.json<Record<string, unknown>>() };
}

test('a change by hand: the champion before it stays loaded, and the history says why', async () => {
  expect(await put({ champion: 2, revision: 1, reason: 'better' })).toMatchObject({
    status: 200,
    body: { champion: 2, standby: 1, weight: 0, revision: 2 },
  });
  await expect.poll(() => http.core.routing.revisions().flights).toBe(2);
  expect(await get('/models/flights')).toMatchObject({ body: { champion: 2, revision: 2, ready: true } });
  expect(await get('/models/flights/route/history')).toMatchObject({
    body: { history: [{ champion: 2, revision: 2, actor: 'loopback', reason: 'better' }, { champion: 1 }] },
  });
});

test('who has seen an older revision is told the newer one', async () => {
  expect(await put({ champion: 3, revision: 1, reason: 'late' })).toMatchObject({
    status: 409,
    body: { code: 'ROUTE_CONFLICT', field: 'revision', value: '1', expected: '2' },
  });
});

test('the same Idempotency-Key changes once', async () => {
  const key = { 'idempotency-key': 'change-1' };
  const first = await put({ champion: 3, revision: 2, reason: 'once' }, key);
  expect(first).toMatchObject({ status: 200, body: { revision: 3 } });
  expect(await put({ champion: 3, revision: 2, reason: 'once' }, key)).toEqual(first);
  expect(await get('/models/flights/route')).toMatchObject({ body: { revision: 3 } });
});

describe('what cannot be is refused', () => {
  test.each<[string, unknown, number, object]>([
    ['a version that is not there', { champion: 9, revision: 3, reason: 'x' }, 404, { field: 'champion' }],
    ['no reason', { champion: 1, revision: 3 }, 400, { field: 'reason' }],
    ['an empty reason', { champion: 1, revision: 3, reason: ' ' }, 400, { field: 'reason' }],
    ['a fraction', { champion: 1.5, revision: 3, reason: 'x' }, 400, { field: 'champion' }],
    ['a text', { champion: '1', revision: 3, reason: 'x' }, 400, { field: 'champion' }],
    [
      'a field that is not known',
      { champion: 1, revision: 3, reason: 'x', force: true },
      400,
      { field: 'force' },
    ],
    ['an array', [], 400, { field: 'body' }],
    ['nothing', null, 400, { field: 'body' }],
  ])('%s', async (_what, body, status, told) => {
    expect(await put(body)).toMatchObject({ status, body: told });
  });

  test('a challenger, which comes with a rollout', async () => {
    const answer = await put({ champion: 3, challenger: 1, weight: 0.1, revision: 3, reason: 'x' });
    expect(answer).toMatchObject({ status: 400, body: { field: 'challenger' } });
    expect(answer.body.error).toMatch(/perennial rollout start/);
  });

  test('a model that is not there', async () => {
    for (const url of ['/models/nobody', '/models/nobody/route', '/models/nobody/route/history'])
      expect(await get(url)).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } });
  });
});

test('a rollout that is under way holds the route', async () => {
  await changeRoute(http.bench.store, 'flights', {
    challengerVersion: 1,
    weight: 0.1,
    standbyVersion: undefined,
    rolloutId: 'rollout/flights/1',
    stage: 0,
  });
  const { body } = await get('/models/flights/route');
  expect(body).toMatchObject({ challenger: 1, weight: 0.1, rollout: 'rollout/flights/1' });
  const answer = await put({ champion: 2, revision: body.revision, reason: 'in between' });
  expect(answer).toMatchObject({
    status: 409,
    body: { code: 'ROUTE_CONFLICT', expected: 'rollout/flights/1' },
  });
  expect(answer.body.error).toMatch(/rollout\/flights\/1 while that is under way/);
});

test('a model tells a request to copy, and what each version is', async () => {
  const { body } = await get('/models/flights');
  expect(body).toMatchObject({
    task: 'binary',
    target: 'late',
    classes: [false, true],
    positive: true,
    inputs: expect.arrayContaining([{ name: 'at', type: 'timestamp' }]) as object[],
    versions: [{ version: 3 }, { version: 2 }, { version: 1 }],
  });
  const { curl, body: request } = body.example as { curl: string; body: { rows: object[] } };
  expect(curl).toMatch(
    /^curl http:\/\/\S+\/models\/flights\/predict -H 'content-type: application\/json' -d '\{"rows"/,
  );
  expect(Object.keys(request.rows[0]).sort()).toEqual(['at', 'carrier', 'distance', 'urgent']);
  const one = await get('/models/flights/versions/2');
  expect(one.body).toMatchObject({
    version: 2,
    lineage: { digest: expect.stringMatching(/^[0-9a-f]{64}$/) as string },
  });
});
