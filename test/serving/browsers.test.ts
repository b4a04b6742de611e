import { afterAll, beforeAll, expect, it } from 'vitest';
import { tinyModel } from './fixtures.ts';
import { serve, type HttpServer } from './httpServer.ts';

/** What a web page could send to a gateway that asks nobody for a key is refused; what programs send is not. */
let open: HttpServer;
let keyed: HttpServer;
beforeAll(async () => {
  const model = await tinyModel();
  open = await serve([['late', model]]);
  keyed = await serve([['late', model]], { requireKeys: true });
});
afterAll(async () => {
  await open.close();
  await keyed.close();
});

const get = (headers: Record<string, string>, { server } = open) =>
  server.inject({ method: 'GET', url: '/health/live', headers });
const change = (headers: Record<string, string>) =>
  open.server.inject({
    method: 'PUT',
    url: '/models/late/route',
    headers,
    payload: { champion: 1, revision: 1, reason: 'test' },
  });

it.each([
  'localhost',
  'localhost:8080',
  '127.0.0.1:8080',
  '127.9.9.9',
  '[::1]:8080',
  'LOCALHOST',
  'a.localhost',
])('as %s it answers', async (host) => {
  expect((await get({ host })).statusCode).toBe(200);
});

it.each([
  'evil.example',
  'evil.example:8080',
  '127.0.0.1.evil.example',
  'localhost.evil.example',
  '10.0.0.1',
  '[::2]',
])('as %s, which a page elsewhere may point here, it does not', async (host) => {
  const answer = await get({ host });
  expect(answer.statusCode).toBe(403);
  expect(answer.json()).toMatchObject({ code: 'FORBIDDEN', field: 'host', value: host });
});

it('takes nothing from a page of another origin, and all from its own', async () => {
  const host = 'localhost:8080';
  expect((await change({ host, origin: 'http://evil.example' })).statusCode).toBe(403);
  expect((await change({ host, origin: 'null' })).statusCode).toBe(403);
  expect((await change({ host, 'sec-fetch-site': 'cross-site' })).statusCode).toBe(403);
  expect((await change({ host, origin: `http://${host}`, 'sec-fetch-site': 'same-origin' })).statusCode).toBe(
    200,
  );
  // A link that somebody follows to the page with the documents.
  expect((await get({ host, 'sec-fetch-site': 'cross-site' })).statusCode).toBe(200);
});

it('where keys are asked for it answers under any name', async () => {
  expect((await get({ host: 'models.example' }, keyed)).statusCode).toBe(200);
});

it('a request id that repeats is no repeated change; an Idempotency-Key is', async () => {
  const revision = async () => (await open.bench.store.routes.get('late'))?.revision ?? 0;
  const put = async (headers: Record<string, string>) =>
    open.server.inject({
      method: 'PUT',
      url: '/models/late/route',
      headers,
      payload: { champion: 1, revision: await revision(), reason: 'test' },
    });
  const before = await revision();
  await put({ 'x-request-id': 'deploy' });
  await put({ 'x-request-id': 'deploy' });
  expect(await revision()).toBe(before + 2);
  await put({ 'idempotency-key': 'deploy' });
  await put({ 'idempotency-key': 'deploy' });
  expect(await revision()).toBe(before + 3);
});
