import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tinyModel } from './fixtures.ts';
import { post, serve, type HttpServer } from './httpServer.ts';

/** An event is kept once, before it is answered, for a lifecycle that there is. */

let http: HttpServer;
const untold = () => http.bench.store.lifecycles.untoldEvents(100);
const send = (body: unknown, name = 'flights') => post(http.server, `/models/${name}/events`, body);

beforeAll(async () => {
  http = await serve([
    ['flights', await tinyModel()],
    ['by-hand', await tinyModel({ seed: 2 })],
  ]);
  const { store } = http.bench;
  const version = await store.registry.get('flights');
  const definitionHash = version?.definitionHash ?? '';
  const deployment = { name: 'flights', number: 1, definitionHash, baseDirectory: '/data', changes: [] };
  await store.lifecycles.recordDeployment({ ...deployment, actor: 'ada', reason: 'first' });
});
afterAll(() => http.close());

test('an event is kept, and the same one sent again is one', async () => {
  const event = { id: 'load/2026-01-31', reason: 'the warehouse was loaded' };
  expect(await send(event)).toMatchObject({
    status: 202,
    body: { name: 'flights', id: event.id, existing: false },
  });
  expect(await send({ ...event, reason: 'again' })).toMatchObject({ status: 202, body: { existing: true } });
  expect(await untold()).toMatchObject([{ name: 'flights', ...event, actor: 'loopback' }]);
});

test('several at the same time are one too', async () => {
  const answers = await Promise.all(Array.from({ length: 8 }, () => send({ id: 'once', reason: 'x' })));
  expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(202));
  expect(answers.filter(({ body }) => body.existing === false)).toHaveLength(1);
});

describe('what cannot be is refused, and nothing is kept', () => {
  test.each<[string, unknown, object]>([
    ['no id', { reason: 'x' }, { field: 'id' }],
    ['an empty id', { id: '', reason: 'x' }, { field: 'id' }],
    ['a number for an id', { id: 7, reason: 'x' }, { field: 'id' }],
    ['an id of more bytes than are taken', { id: 'ü'.repeat(101), reason: 'x' }, { field: 'id' }],
    ['an id with a NUL', { id: 'a\0', reason: 'x' }, { field: 'id' }],
    ['an id of NULs', { id: '\0'.repeat(200), reason: 'x' }, { field: 'id' }],
    ['an id that is no Unicode', { id: 'a\ud800', reason: 'x' }, { field: 'id' }],
    ['no reason', { id: 'a' }, { field: 'reason' }],
    ['an empty reason', { id: 'a', reason: ' ' }, { field: 'reason' }],
    ['a reason that is a book', { id: 'a', reason: 'x'.repeat(1_001) }, { field: 'reason' }],
    ['a field that is not known', { id: 'a', reason: 'x', at: 'now' }, { field: 'at' }],
    ['an array', [], { field: 'body' }],
    ['nothing', null, { field: 'body' }],
  ])('%s', async (_what, body, told) => {
    const before = await untold();
    expect(await send(body)).toMatchObject({ status: 400, body: { code: 'INVALID_INPUT', ...told } });
    expect(await untold()).toEqual(before);
  });

  test.each(['by-hand', 'nobody', 'No%20Name'])('an event of %s, which has no lifecycle', async (name) => {
    expect(await send({ id: 'a', reason: 'x' }, name)).toMatchObject({
      status: 404,
      body: { code: 'NOT_FOUND', field: 'name' },
    });
  });
});
