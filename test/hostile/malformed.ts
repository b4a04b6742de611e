import { gzipSync } from 'node:zlib';
import { Random } from '../../learning/rng.ts';

/** One request that is wrong. */
export interface Malformed {
  /** What is wrong with it. */
  kind: string;
  url: string;
  headers: Record<string, string>;
  body: Buffer;
  /** False where chance may have left the request right. */
  surelyWrong: boolean;
}

export interface Good {
  url: string;
  body: object;
}

/** Wrong requests made from a good one; the same for the same seed. */
export function makeMalformed(good: Good, count: number, seed: number): Malformed[] {
  const random = new Random(seed);
  const makers = Object.entries(MAKERS);
  return Array.from({ length: count }, (_, i) => {
    const [kind, make] = makers[i % makers.length];
    const made = make(good, random);
    const surelyWrong = !UNSURE.has(kind);
    const headers = { 'content-type': 'application/json', ...made.headers };
    return { kind, url: made.url ?? good.url, headers, body: Buffer.from(made.body), surelyWrong };
  });
}

interface Made {
  body: string | Uint8Array;
  url?: string;
  headers?: Record<string, string>;
}

/** A flipped or missing byte may fall into a text, or make another number of one. */
const UNSURE = new Set(['bytes flipped', 'bytes taken out', 'bytes put in']);

const pick = <T>(random: Random, items: readonly T[]): T => items[random.below(items.length)];
const WRONG_VALUES: readonly unknown[] = [
  [],
  {},
  [1],
  { a: 1 },
  'x',
  '',
  true,
  'NaNN',
  [[]],
  [null],
  { toString: 1 },
];
const NAUGHTY_KEYS = [
  '',
  ' ',
  '\u0000',
  'rows ',
  'ROWS',
  'length',
  '$where',
  'hasOwnProperty',
  '💥',
  'a'.repeat(5_000),
];

/** A copy of the body with something else at one of its places. */
function withAt(body: object, path: readonly (string | number)[], value: unknown): string {
  const copy = structuredClone(body) as Record<string | number, unknown>;
  let at = copy;
  for (const step of path.slice(0, -1)) at = at[step] as Record<string | number, unknown>;
  at[path[path.length - 1]] = value;
  return JSON.stringify(copy);
}

function mutateBytes(body: object, random: Random, mutate: (bytes: Buffer, at: number) => Buffer): Buffer {
  let bytes: Buffer = Buffer.from(JSON.stringify(body));
  for (let i = 0; i <= random.below(4); i++) bytes = mutate(bytes, random.below(bytes.length));
  return bytes;
}

const text = (body: object) => JSON.stringify(body);
/** Puts raw JSON in the place of the first row's first value. */
const withRaw = (body: object, raw: string) => text(body).replace(/("rows":\[\{"[^"]*":)[^,}]*/, `$1${raw}`);

const MAKERS: Record<string, (good: Good, random: Random) => Made> = {
  'bytes flipped': ({ body }, random) => ({
    body: mutateBytes(body, random, (bytes, at) => {
      bytes[at] ^= 1 << random.below(8);
      return bytes;
    }),
  }),
  'bytes taken out': ({ body }, random) => ({
    body: mutateBytes(body, random, (bytes, at) =>
      Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)]),
    ),
  }),
  'bytes put in': ({ body }, random) => ({
    body: mutateBytes(body, random, (bytes, at) =>
      Buffer.concat([bytes.subarray(0, at), Buffer.of(random.below(256)), bytes.subarray(at)]),
    ),
  }),
  'cut short': ({ body }, random) => ({ body: text(body).slice(0, 1 + random.below(text(body).length - 1)) }),
  'more behind it': ({ body }, random) => ({
    body: text(body) + pick(random, ['}', '{}', ',', '\0', 'x', '[]']),
  }),
  'no JSON': (_, random) => ({
    body: pick(random, [
      '',
      ' ',
      'null,',
      "{'rows': []}",
      '{rows:[]}',
      '<xml/>',
      'rows=1',
      '\ufeff',
      '{"rows":[NaN]}',
    ]),
  }),
  'random bytes': (_, random) => ({
    body: Buffer.from(Array.from({ length: 1 + random.below(500) }, () => random.below(256))),
  }),
  'not UTF-8': ({ body }, random) => ({
    body: Buffer.concat([
      Buffer.from('{"key":"'),
      pick(random, [
        Buffer.of(0xff),
        Buffer.of(0xc0, 0xaf),
        Buffer.of(0xed, 0xa0, 0x80),
        Buffer.of(0xf5, 0x80, 0x80, 0x80),
        Buffer.of(0xe2, 0x82),
      ]),
      Buffer.from(`",${text(body).slice(1)}`),
    ]),
  }),
  UTF16: ({ body }) => ({ body: Buffer.from(text(body), 'utf16le') }),
  'another shape': (_, random) => ({
    body: JSON.stringify(
      pick(random, [
        null,
        true,
        5,
        'rows',
        [],
        [[]],
        {},
        { rows: null },
        { rows: 'x' },
        { rows: 5 },
        { rows: {} },
        { row: [] },
        { rows: [] },
      ]),
    ),
  }),
  'a row of another shape': ({ body }, random) => ({
    body: withAt(body, ['rows', 0], pick(random, [null, 5, 'x', [], [1], true])),
  }),
  'a value of another type': ({ body }, random) => ({
    body: withAt(
      body,
      ['rows', 0, 'distance'],
      pick(
        random,
        WRONG_VALUES.filter((value) => value !== ''),
      ),
    ),
  }),
  'an unknown field': ({ body }, random) => ({ body: text({ ...body, [pick(random, NAUGHTY_KEYS)]: 1 }) }),
  'a column missing': ({ body }, random) => ({
    body: withAt(body, ['rows', 0, pick(random, ['distance', 'carrier', 'at', 'urgent'])], undefined),
  }),
  'a wrong key': ({ body }, random) => ({
    body: text({ ...body, key: pick(random, [null, '', {}, [], 1.5, true, 'k\0', '\ud800']) }),
  }),
  'wrong keys': ({ body }, random) => ({
    body: text({ ...body, keys: pick(random, [[], ['a', 'b', 'c'], 'a', {}, [null], [{}]]) }),
  }),
  'a wrong flag': ({ body }, random) => ({
    body: text({ ...body, explain: pick(random, [1, 'true', null, {}]) }),
  }),
  'beyond a double': ({ body }, random) => ({
    body: withRaw(body, pick(random, ['1e999', '-1e999', `1${'0'.repeat(400)}`, '[1e999]'])),
  }),
  'a number that is none': ({ body }, random) => ({
    body: withRaw(
      body,
      pick(random, ['NaN', 'Infinity', '01', '+1', '.5', '1.', '0x10', '1e', '--1', '1_000']),
    ),
  }),
  __proto__: ({ body }, random) => ({
    body: text(body).replace(
      pick(random, ['{', '{"rows":[{']),
      (found) =>
        `${found}${pick(random, ['"__proto__":{"a":1},', '"\\u005f_proto__":1,', '"constructor":{"prototype":{"a":1}},'])}`,
    ),
  }),
  'a field twice': ({ body }) => ({ body: text(body).replace('{', '{"rows":[{}],') }),
  'nested deep': ({ body }, random) => {
    const depth = 33 + random.below(10_000);
    const [open, close] = pick(random, [
      ['[', ']'],
      ['{"a":', '}'],
      ['[{"rows":', '}]'],
    ]);
    return { body: withRaw(body, `${open.repeat(depth)}1${close.repeat(depth)}`) };
  },
  'nested and open': (_, random) => ({ body: '{"rows":['.repeat(10 + random.below(5_000)) }),
  'too many rows': ({ body }) => ({
    body: text({ rows: new Array(1_001).fill((body as { rows: object[] }).rows[0]) }),
  }),
  'a long text': ({ body }) => ({ body: withAt(body, ['rows', 0, 'carrier'], 'x'.repeat(501)) }),
  'too large': ({ body }, random) => ({
    body: text({ ...body, key: 'x'.repeat(256 * 1024 + random.below(256 * 1024)) }),
  }),
  'half a character': ({ body }, random) => ({
    body: text(body).replace(
      /"carrier":"[^"]*"/,
      `"carrier":"${pick(random, ['\\ud800', '\\udc00x', 'a\\udbff'])}"`,
    ),
  }),
  'another media type': ({ body }, random) => ({
    body: text(body),
    headers: {
      'content-type': pick(random, [
        'text/plain',
        'application/xml',
        'multipart/form-data; boundary=x',
        'json',
        '*/*',
        'application/json; charset=utf-16',
      ]),
    },
  }),
  'an encoding': ({ body }, random) => ({
    body: pick(random, [gzipSync(text(body)), gzipSync(text(body)).subarray(0, 10), Buffer.from(text(body))]),
    headers: { 'content-encoding': pick(random, ['gzip', 'br', 'deflate', 'compress', 'nonsense']) },
  }),
  'nobody there': ({ body }, random) => ({
    body: text(body),
    url: pick(random, [
      '/models/nobody/predict',
      '/models/%00/predict',
      '/models/%2e%2e%2f/predict',
      '/models/__proto__/predict',
      `/models/${'n'.repeat(1_000)}/predict`,
      '/models/%/predict',
      '/models/%c3%28/predict',
      '/models/flights/versions/0/predict',
      '/models/flights/versions/1e3/predict',
      '/models/flights/versions/99999999999999999999/predict',
      '/models//predict',
      '/v2/models/nobody/infer',
    ]),
  }),
};
