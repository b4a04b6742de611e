import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PerennialError } from '../../config/errors.ts';
import { someJson, tinyModel } from './fixtures.ts';
import { LIMITS, post, serve, type HttpServer } from './httpServer.ts';

/** What the server says of each request that is wrong: a status, a code, the field. */

let http: HttpServer;
const [ROW] = someJson(1);
const URL = '/models/flights/predict';

beforeAll(async () => {
  http = await serve([['flights', await tinyModel()]], {
    plugins: [
      async (app) => {
        app.get('/defect', { config: { role: 'anyone' } }, () => {
          throw new Error('the password is swordfish');
        });
        app.get('/overloaded', { config: { role: 'anyone' } }, () => {
          throw new PerennialError('OVERLOADED', '12 requests are under way.');
        });
        app.get('/database', { config: { role: 'anyone' } }, () => {
          throw new PerennialError('STACK_UNAVAILABLE', 'The database at 10.0.0.7 cannot be used.');
        });
      },
    ],
  });
});
afterAll(() => http.close());

const refusal = (field: string, code = 'INVALID_INPUT') => ({ code, field });

describe('a body that is wrong is refused with the field that is wrong', () => {
  test.each<[string, unknown, object]>([
    ['nothing', '', refusal('body')],
    ['no JSON', '{"rows": [', refusal('body')],
    ['bytes that are not UTF-8', Buffer.from('{"row":{"carrier":"\xff"}}', 'latin1'), refusal('body')],
    ['an array', [], refusal('body')],
    ['a number', '5', refusal('body')],
    ['a number past a double', '1e999', refusal('body')],
    ['neither rows nor row', {}, refusal('rows')],
    ['both rows and row', { rows: [ROW], row: ROW }, refusal('rows')],
    ['no rows', { rows: [] }, refusal('rows')],
    ['rows as an object', { rows: {} }, refusal('rows')],
    ['a row as text', { rows: [ROW, 'x'] }, refusal('rows[1]')],
    ['a row as an array', { rows: [[1]] }, refusal('rows[0]')],
    ['a field that is not known', { rows: [ROW], key: 'a', explian: true }, refusal('explian')],
    ['a flag as text', { rows: [ROW], explain: 'yes' }, refusal('explain')],
    ['a key as an object', { rows: [ROW], key: {} }, refusal('key')],
    ['an empty key', { rows: [ROW], key: '' }, refusal('key')],
    ['a key with a zero byte', { rows: [ROW], key: 'a\0' }, refusal('key')],
    ['a key of half a character', '{"row":{},"key":"\\ud800"}', refusal('key')],
    ['a key with a fraction', { rows: [ROW], key: 1.5 }, refusal('key')],
    ['too few keys', { rows: [ROW, ROW], keys: ['a'] }, refusal('keys')],
    ['a wrong one of several keys', { rows: [ROW, ROW], keys: ['a', null] }, refusal('keys[1]')],
    ['both key and keys', { rows: [ROW], key: 'a', keys: ['a'] }, refusal('keys')],
    ['a column that is absent', { rows: [ROW, { ...ROW, carrier: undefined }] }, refusal('rows[1].carrier')],
    ['a text for a number', { row: { ...ROW, distance: 'far' } }, refusal('row.distance')],
    ['an object for a number', { row: { ...ROW, distance: { km: 5 } } }, refusal('row.distance')],
    ['an array for a text', { row: { ...ROW, carrier: ['AA'] } }, refusal('row.carrier')],
    [
      'half a character',
      '{"row":{"distance":1,"urgent":true,"at":0,"carrier":"\\ud800"}}',
      refusal('row.carrier'),
    ],
    [
      'a number in a text that has lost digits',
      '{"row":{"distance":1,"urgent":true,"at":0,"carrier":9007199254740993}}',
      { ...refusal('row.carrier'), error: expect.stringContaining('text in quotes') as unknown },
    ],
    [
      'a key that has lost digits',
      `{"row":${JSON.stringify(ROW)},"key":9007199254740993}`,
      { ...refusal('key'), error: expect.stringContaining('write it as text') as unknown },
    ],
    ['a time that is none', { row: { ...ROW, at: 'tomorrow' } }, refusal('row.at')],
    ['a truth that is none', { row: { ...ROW, urgent: 'perhaps' } }, refusal('row.urgent')],
    ['infinity', '{"rows":[{"distance":1},{"distance":1e999}]}', refusal('rows[1].distance')],
    ['minus infinity in a place that is passed over', '{"rows":[{"x":[0,-1e999]}]}', refusal('rows[0].x[1]')],
    ['a field twice', '{"rows":[{"distance":1},{"a":{"b":1,"\\u0062":2}}]}', refusal('rows[1].a.b')],
    ['a field twice at the top', '{"row":{},"explain":false,"explain":true}', refusal('explain')],
    ['__proto__', '{"rows":[{"__proto__":{"distance":1}}]}', refusal('rows[0].__proto__')],
    ['__proto__ in escapes', '{"\\u005f_proto__":1}', refusal('__proto__')],
    [
      'a constructor with a prototype',
      '{"row":{"constructor":{"prototype":{}}}}',
      refusal('row.constructor'),
    ],
    ['nesting', `{"rows":${'['.repeat(10_000)}${']'.repeat(10_000)}}`, refusal('body')],
    ['nesting of objects that never ends', '{"a":'.repeat(10_000), refusal('body')],
  ])('%s', async (_what, body, told) => {
    const answer = await post(http.server, URL, body);
    expect(answer).toMatchObject({ status: 400, body: { ...told, requestId: expect.any(String) as string } });
    expect(answer.body.error).toMatch(/^.{10,}[.!?]$/s);
  });

  test('a misspelled column is told with what stands there instead', async () => {
    const answer = await post(http.server, URL, { row: { ...ROW, carrier: undefined, carier: 'AA' } });
    expect(answer.body.error).toBe(
      'row has no "carrier"; the model reads distance, urgent, at, carrier. It has carier, which the model does not read.',
    );
  });

  test('a million characters are not sent back', async () => {
    const answer = await post(http.server, URL, { row: { ...ROW, distance: ['x'.repeat(200_000)] } });
    expect(answer.status).toBe(400);
    expect(JSON.stringify(answer.body).length).toBeLessThan(2_000);
  });
});

describe('what is too large is 413', () => {
  test.each<[string, () => unknown, string]>([
    ['rows', () => ({ rows: Array.from({ length: LIMITS.maxRows + 1 }, () => ({})) }), 'rows'],
    ['a text', () => ({ row: { ...ROW, carrier: 'ü'.repeat(LIMITS.maxTextBytes / 2 + 1) } }), 'row.carrier'],
    ['a key', () => ({ row: ROW, key: 'k'.repeat(LIMITS.maxTextBytes + 1) }), 'key'],
    ['a body', () => ({ row: ROW, key: 'k'.repeat(LIMITS.maxBodyBytes) }), 'body'],
  ])('%s', async (_what, body, field) => {
    expect(await post(http.server, URL, body())).toMatchObject({
      status: 413,
      body: { code: 'TOO_LARGE', field },
      headers: { connection: 'close' },
    });
  });

  test('texts of exactly the limit are read', async () => {
    const row = { ...ROW, carrier: 'ü'.repeat(LIMITS.maxTextBytes / 2) };
    expect(await post(http.server, URL, { row, key: 'k'.repeat(LIMITS.maxTextBytes) })).toMatchObject({
      status: 200,
    });
  });
});

describe('a body that is not JSON is 415', () => {
  test.each([
    [{ 'content-type': 'text/plain' }, 'content-type'],
    [{ 'content-type': 'application/x-www-form-urlencoded' }, 'content-type'],
    [{ 'content-type': 'application/json; charset=latin1' }, 'content-type'],
    [{ 'content-type': 'not a type' }, 'content-type'],
    [{ 'content-encoding': 'gzip' }, 'content-encoding'],
  ])('%j', async (headers: Record<string, string>, field) => {
    const answer = await post(http.server, URL, { row: ROW }, headers);
    expect(answer).toMatchObject({ status: 415, body: { code: 'UNSUPPORTED_MEDIA', field } });
  });

  test('UTF-8 may be named', async () => {
    const headers = { 'content-type': 'application/json; charset=UTF-8' };
    expect(await post(http.server, URL, { row: ROW }, headers)).toMatchObject({ status: 200 });
  });
});

describe('what is not there is 404', () => {
  test.each([
    '/models/nobody/predict',
    '/models/flights/versions/9/predict',
    '/models/flights/versions/first/predict',
    '/models/flights/versions/01/predict',
    '/models/toString/predict',
    '/models/flights/forecast',
    '/nowhere',
  ])('%s', async (url) => {
    const answer = await post(http.server, url, { row: ROW });
    expect(answer).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } });
  });

  test('an address that cannot be decoded is 400', async () => {
    expect(await post(http.server, '/models/%ff/predict', {})).toMatchObject({ status: 400 });
  });
});

describe('what went wrong here', () => {
  const get = async (url: string) => {
    const answer = await http.server.inject(url);
    return {
      status: answer.statusCode,
      body: answer.json<Record<string, unknown>>(),
      headers: answer.headers,
    };
  };

  test('tells a stranger nothing but where to look', async () => {
    const { status, body } = await get('/defect');
    expect({ status, body }).toMatchObject({ status: 500, body: { code: 'INTERNAL' } });
    expect(JSON.stringify(body)).not.toContain('swordfish');
  });

  test('an overloaded gateway says when to come back', async () => {
    expect(await get('/overloaded')).toMatchObject({
      status: 503,
      body: { code: 'OVERLOADED', error: '12 requests are under way.' },
      headers: { 'retry-after': '1' },
    });
  });

  test('a machine behind the gateway is not named', async () => {
    const { status, body } = await get('/database');
    expect({ status, body }).toMatchObject({ status: 503, body: { code: 'STACK_UNAVAILABLE' } });
    expect(JSON.stringify(body)).not.toContain('10.0.0.7');
  });
});
