import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ROLES, type Role } from '../../store/routeTypes.ts';
import { someJson, tinyModel } from './fixtures.ts';
import { serve, type HttpServer } from './httpServer.ts';

/** Keys are asked for beyond loopback; here always. */

let http: HttpServer;
const secrets = {} as Record<Role, string>;
const JSON_TYPE = { 'content-type': 'application/json' };

beforeAll(async () => {
  http = await serve([['flights', await tinyModel()]], {
    requireKeys: true,
    plugins: [
      async (app) => {
        app.post('/label', { config: { role: 'label' } }, ({ caller }) => caller);
        app.post('/administer', { config: { role: 'admin' } }, ({ caller }) => caller);
      },
    ],
  });
  for (const role of ROLES) {
    const { secret } = await http.bench.store.keys.create({ name: role, roles: [role], actor: 'tester' });
    secrets[role] = secret;
  }
});
afterAll(() => http.close());

type Call = [method: 'GET' | 'POST' | 'PUT', url: string, payload?: object];

const PREDICT: Call = ['POST', '/models/flights/predict', { row: someJson(1)[0] }];
const CHANGE: Call = ['PUT', '/models/flights/route', { champion: 1, revision: 999, reason: 'a test' }];

async function call([method, url, payload]: Call, headers: Record<string, string>) {
  const answer = await http.server.inject({
    method,
    url,
    payload: payload ? JSON.stringify(payload) : undefined,
    headers: payload ? { ...JSON_TYPE, ...headers } : headers,
  });
  return { status: answer.statusCode, headers: answer.headers, text: answer.payload };
}

const bearer = (secret: string) => ({ authorization: `Bearer ${secret}` });

describe('each role may do its own, and admin everything', () => {
  const calls: [Role, Call][] = [
    ['predict', PREDICT],
    ['predict', ['GET', '/models']],
    ['predict', ['GET', '/models/flights']],
    ['predict', ['GET', '/models/flights/versions/1']],
    ['predict', ['GET', '/models/flights/route']],
    ['operate', ['GET', '/models/flights/route/history']],
    ['operate', CHANGE],
    ['label', ['POST', '/label', {}]],
    ['admin', ['POST', '/administer', {}]],
  ];
  test.each(calls)('%s: %j', async (needed, wanted) => {
    for (const role of ROLES) {
      const { status, text } = await call(wanted, bearer(secrets[role]));
      if (role === needed || role === 'admin') expect([200, 409]).toContain(status);
      else
        expect({ status, code: (JSON.parse(text) as { code: string }).code }).toEqual({
          status: 403,
          code: 'FORBIDDEN',
        });
    }
  });
});

describe('without a key', () => {
  test.each([
    [{}],
    [{ authorization: 'Bearer' }],
    [{ authorization: 'Bearer nonsense' }],
    [{ authorization: 'Basic dXNlcjpwYXNz' }],
    [{ 'x-api-key': 'nonsense' }],
    [{ 'x-api-key': 'x'.repeat(5_000) }],
  ])('%j is 401', async (headers) => {
    const { status, headers: answered, text } = await call(PREDICT, headers);
    expect({ status, header: answered['www-authenticate'] }).toEqual({
      status: 401,
      header: 'Bearer realm="perennial"',
    });
    expect(JSON.parse(text)).toMatchObject({ code: 'UNAUTHENTICATED', field: 'authorization' });
  });

  test.each([
    '/',
    '/health/live',
    '/health/ready',
    '/openapi.json',
    '/docs/',
    '/docs/json',
    '/docs/static/swagger-ui.css',
  ])('%s is open', async (url) => {
    expect(await call(['GET', url], {})).toMatchObject({ status: 200 });
  });

  test('the open documents name no model and no column', async () => {
    const { text } = await call(['GET', '/openapi.json'], {});
    expect(text).not.toContain('urgent');
  });

  test('a body is not read before the key is', async () => {
    const answer = await http.server.inject({
      method: 'POST',
      url: '/models/flights/predict',
      payload: '{"',
      headers: JSON_TYPE,
    });
    expect(answer.statusCode).toBe(401);
  });

  test('what is not there is 404', async () => {
    expect(await call(['GET', '/nowhere'], {})).toMatchObject({ status: 404 });
  });
});

test('X-API-Key is the other way to say it', async () => {
  expect(await call(PREDICT, { 'x-api-key': secrets.predict })).toMatchObject({ status: 200 });
});

test('a change is made in the name of the key', async () => {
  const { keys, routes } = http.bench.store;
  const route = await routes.get('flights');
  const change: Call = [
    'PUT',
    '/models/flights/route',
    { champion: 1, revision: route?.revision, reason: 'by hand' },
  ];
  expect(await call(change, bearer(secrets.operate))).toMatchObject({ status: 200 });
  const { id } = (await keys.list()).find(({ name }) => name === 'operate') as { id: string };
  expect((await routes.history('flights', 1))[0]).toMatchObject({ actor: `key/${id}`, reason: 'by hand' });
});

test('a revoked key is refused soon after', async () => {
  const { keys } = http.bench.store;
  const { id, secret } = await keys.create({ name: 'gone', roles: ['predict'], actor: 'tester' });
  expect(await call(PREDICT, bearer(secret))).toMatchObject({ status: 200 });
  await keys.revoke(id, 'tester');
  await expect.poll(async () => (await call(PREDICT, bearer(secret))).status, { timeout: 20_000 }).toBe(401);
});

test('a key that is never known, in many spellings, does not lock out those that are', async () => {
  expect(await call(PREDICT, bearer(secrets.predict))).toMatchObject({ status: 200 });
  const guesses = Array.from({ length: 200 }, (_, i) => call(PREDICT, bearer(`guess-${i}`)));
  const known = await call(PREDICT, bearer(secrets.predict));
  expect(known.status).toBe(200);
  // 401, or 503 where too many are asked for at the same time.
  for (const guess of guesses) expect([401, 503]).toContain((await guess).status);
});

test('a route that says no role is refused when the server is built', async () => {
  const build = serve([], { plugins: [async (app) => void app.get('/open', () => 'to everybody')] });
  await expect(build).rejects.toThrow(/the route \/open says no role/);
});
