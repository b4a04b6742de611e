import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { labelRoutes, MAX_LABELS } from '../../serving/labels.ts';
import { predictionRoutes } from '../../serving/predictionApi.ts';
import { buildServer } from '../../serving/server.ts';
import { openBench, type Bench } from '../store/fixtures.ts';
import { daysOf, encoded, someRecord } from '../store/someRecords.ts';
import { openCore, type Core } from './core.ts';
import { registerModel, tinyModel } from './fixtures.ts';
import { LIMITS, post, type Answer } from './httpServer.ts';

/** What was true is told over HTTP, and what was answered is looked up. */
let bench: Bench;
let core: Core;
let server: FastifyInstance;

beforeAll(async () => {
  bench = await openBench();
  await registerModel(bench.store, 'late', await tinyModel());
  core = await openCore(bench.store);
  const { store } = bench;
  server = await buildServer({
    inference: core.inference,
    store,
    limits: { ...LIMITS, maxBodyBytes: 4 * 2 ** 20 },
    requireKeys: false,
    notReady: () => undefined,
    plugins: [
      (app) => labelRoutes(app, { store, limits: LIMITS }),
      (app) => predictionRoutes(app, { store }),
    ],
  });
});
afterAll(async () => {
  await server.close();
  await core.close();
  await bench.close();
});

const send = (body: unknown) => post(server, '/labels', body);

describe('POST /labels', () => {
  test('takes one label or many, by request and row or by key, and says what became of them', async () => {
    expect(await send({ name: 'late', key: 'one', value: true })).toMatchObject({
      status: 200,
      body: { accepted: 1, unchanged: 0, corrected: 0 },
    });
    const labels = [
      { key: 'one', value: false, observedAt: '2026-08-01T12:00:00+02:00' },
      { requestId: 'r', value: 'text' },
      { requestId: 'r', row: 3, value: 1.5 },
      { key: 17, value: true },
    ];
    expect((await send({ name: 'late', labels })).body).toEqual({ accepted: 3, unchanged: 0, corrected: 1 });
    expect((await send({ name: 'late', labels })).body).toEqual({ accepted: 0, unchanged: 4, corrected: 0 });
    expect(await bench.store.labels.history('late', { key: 'one' })).toMatchObject([
      { value: false, observedAt: '2026-08-01T10:00:00.000Z', revision: 2 },
      { value: true, revision: 1 },
    ]);
    // A number as a key is the text that a prediction makes of it.
    expect(await bench.store.labels.history('late', { key: '17' })).toHaveLength(1);
    expect(await bench.store.labels.history('late', { requestId: 'r', row: 3 })).toMatchObject([
      { value: 1.5 },
    ]);
  });

  test('takes as many as it says, at once', async () => {
    const labels = Array.from({ length: MAX_LABELS }, (_, i) => ({ key: `bulk-${i}`, value: i }));
    expect((await send({ name: 'late', labels })).body).toMatchObject({ accepted: MAX_LABELS });
    expect(await send({ name: 'late', labels: [...labels, labels[0]] })).toMatchObject({
      status: 413,
      body: { code: 'TOO_LARGE', field: 'labels' },
    });
  });

  const wrong: [string, unknown, string][] = [
    ['no body of ours', [], 'body'],
    ['no model', { key: 'k', value: 1 }, 'name'],
    ['no value', { name: 'late', key: 'k' }, 'value'],
    ['a value that is no scalar', { name: 'late', key: 'k', value: [1] }, 'value'],
    ['a null', { name: 'late', key: 'k', value: null }, 'value'],
    ['neither request nor key', { name: 'late', value: 1 }, 'requestId'],
    ['request and key', { name: 'late', labels: [{ requestId: 'r', key: 'k', value: 1 }] }, 'labels[0].key'],
    ['a row of a key', { name: 'late', key: 'k', row: 1, value: 1 }, 'row'],
    ['a row that is none', { name: 'late', requestId: 'r', row: -1, value: 1 }, 'row'],
    ['a row beyond all', { name: 'late', requestId: 'r', row: 2 ** 31, value: 1 }, 'row'],
    ['a key that is none', { name: 'late', key: 1.5, value: 1 }, 'key'],
    ['an empty key', { name: 'late', key: '', value: 1 }, 'key'],
    ['a key that is too long', { name: 'late', key: 'ä'.repeat(300), value: 1 }, 'key'],
    ['a time that is none', { name: 'late', key: 'k', value: 1, observedAt: 'yesterday' }, 'observedAt'],
    [
      'a time before time',
      { name: 'late', key: 'k', value: 1, observedAt: '0000-01-01T00:00:00Z' },
      'observedAt',
    ],
    ['a field of no one', { name: 'late', key: 'k', value: 1, label: 2 }, 'label'],
    ['no labels', { name: 'late', labels: [] }, 'labels'],
    ['labels and a label', { name: 'late', labels: [{ key: 'k', value: 1 }], value: 1 }, 'value'],
    ['a model that is not there', { name: 'nobody', key: 'k', value: 1 }, 'name'],
    [
      'two that contradict each other',
      { name: 'late', labels: [{ key: 'k', value: 1 }, { key: 'k', value: 2 }] }, // prettier-ignore
      'labels[1].value',
    ],
    [
      'one bad one among many',
      { name: 'late', labels: [{ key: 'good', value: 1 }, { key: 'bad' }] }, // prettier-ignore
      'labels[1].value',
    ],
  ];

  test.each(wrong)('refuses %s, names the field, and keeps nothing', async (_, body, field) => {
    const answer: Answer = await send(body);
    expect(answer.status).toBe(field === 'name' && JSON.stringify(body).includes('nobody') ? 404 : 400);
    expect(answer.body).toMatchObject({ field });
    expect(answer.body.error).not.toMatch(/definition/);
    expect(answer.body.expected).toEqual(expect.any(String));
    for (const key of ['k', 'good']) expect(await bench.store.labels.history('late', { key })).toEqual([]);
  });
});

describe('GET /models/:name/predictions', () => {
  const get = async (query: string) => {
    const answer = await server.inject({ url: `/models/${query}` });
    return { status: answer.statusCode, body: answer.json<Record<string, unknown>>() };
  };

  test('finds by request, by key and by time', async () => {
    const at = (hour: number) => Date.UTC(2026, 7, 1, hour);
    const records = [
      someRecord({
        name: 'late',
        at: at(1),
        requestId: 'r1',
        keys: ['a b/ü'],
        outputs: Float32Array.of(0.5, NaN),
      }),
      someRecord({ name: 'late', at: at(2), requestId: 'r2' }),
    ];
    await bench.store.predictions.append('looked up', daysOf(records), encoded(records));
    const found = async (query: string) => {
      const { status, body } = await get(`late/predictions?${query}`);
      expect(status).toBe(200);
      return (body.predictions as { requestId: string }[]).map(({ requestId }) => requestId);
    };
    expect(await found('')).toEqual(['r2', 'r1']);
    expect(await found('limit=1')).toEqual(['r2']);
    expect(await found('requestId=r1')).toEqual(['r1']);
    expect(await found(`key=${encodeURIComponent('a b/ü')}`)).toEqual(['r1']);
    expect(await found('key=r2')).toEqual(['r2']);
    expect(await found('from=2026-08-01T02:00:00Z&to=2026-08-02T00:00:00Z')).toEqual(['r2']);
    const { body } = await get('late/predictions?requestId=r1');
    expect(body).toMatchObject({
      name: 'late',
      predictions: [
        { at: '2026-08-01T01:00:00.000Z', keys: ['a b/ü'], outputs: [0.5, null], arm: 'champion' },
      ],
    });
  });

  test.each([
    ['limit=0', 'limit'],
    ['limit=1001', 'limit'],
    ['limit=many', 'limit'],
    ['from=yesterday', 'from'],
    ['key=a&key=b', 'key'],
    ['page=2', 'page'],
  ])('refuses %s', async (query, field) => {
    expect(await get(`late/predictions?${query}`)).toMatchObject({ status: 400, body: { field } });
  });

  test('of a model that is not there are not found', async () => {
    expect(await get('nobody/predictions')).toMatchObject({ status: 404, body: { field: 'name' } });
  });
});
