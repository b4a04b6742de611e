import { request as post } from 'node:http';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Random } from '../../learning/rng.ts';
import { someBatch, tinyModel } from './fixtures.ts';
import { serveFlights, type V2Gateway } from './v2Gateway.ts';
import { request, tensorsOf, type Asked } from './v2Requests.ts';

/** Whatever is done to a binary request, it is answered as what it then is or refused with a reason: never a 5xx. */

const MUTATIONS = 500;
let served: V2Gateway;
beforeAll(async () => {
  served = await serveFlights([await tinyModel()]);
});
afterAll(() => served?.close());

it(`answers ${MUTATIONS} mutated binary requests with 200 or a reasoned 4xx, and then a sound one`, async () => {
  const sound = request(tensorsOf(someBatch(5), 'binary'), { id: 'fuzz', outputs: [{ name: 'label' }] });
  const counts = new Map<number, number>();
  for (let seed = 0; seed < MUTATIONS; seed++) {
    const { status, text } = await send(mutate(sound, new Random(seed)));
    counts.set(status, (counts.get(status) ?? 0) + 1);
    expect(status === 200 || (status >= 400 && status < 500), `seed ${seed}: ${status} ${text}`).toBe(true);
    if (status !== 200)
      expect((JSON.parse(text) as { error: string }).error, `seed ${seed}`).toMatch(/\w{3}/);
  }
  // Most mutations break something; those that answer 200 changed a value alone.
  expect(counts.get(400)).toBeGreaterThan(MUTATIONS / 2);
  expect((await send(sound)).status).toBe(200);
});

/** One to three things that go wrong on the way, or that somebody tries. */
function mutate({ body, headers }: Asked, random: Random): Asked {
  const split = Number(headers['inference-header-content-length']);
  let json = body.toString('utf8', 0, split);
  let binary = Buffer.from(body.subarray(split));
  let said: string | undefined;
  const replace = (pattern: RegExp, values: readonly string[]) => {
    const places = [...json.matchAll(pattern)];
    const place = places[random.below(places.length)];
    if (place)
      json = json.slice(0, place.index) + pick(random, values) + json.slice(place.index + place[0].length);
  };
  const kinds = [
    () => replace(/\d+/g, NUMBERS),
    () => replace(/"(FP64|BYTES)"/g, DATATYPES),
    () =>
      replace(
        /"binary_data_size":\d+/g,
        NUMBERS.map((number) => `"binary_data_size":${number}`),
      ),
    () => replace(/"(name|shape|datatype|inputs|parameters|outputs)"/g, KEYS),
    () => replace(/"(distance|carrier|at|urgent|label)"/g, NAMES),
    () => replace(/[[\]{},:]/g, ['', '[', ']', '{', '}', ',', ':', '"', 'NaN', '\\']),
    () => (binary = binary.subarray(0, random.below(binary.length))),
    () => (binary = Buffer.concat([binary, Buffer.alloc(1 + random.below(64))])),
    () => (said = pick(random, [...NUMBERS, String(random.below(body.length))])),
    () => {
      // The lengths of texts lie in here too.
      for (let i = 0; i < 8; i++) binary[random.below(binary.length)] = random.below(256);
    },
    () => {
      const at = random.below(json.length);
      json =
        json.slice(0, at) + String.fromCharCode(random.below(0x10000)) + json.slice(at + random.below(4));
    },
  ];
  for (let i = random.below(3); i >= 0; i--) if (binary.length > 0 && json.length > 0) pick(random, kinds)();
  const document = Buffer.from(json);
  return {
    body: Buffer.concat([document, binary]),
    headers: { ...headers, 'inference-header-content-length': said ?? String(document.length) },
  };
}

const NUMBERS = [
  '-1',
  '0',
  '1',
  '4294967296',
  '9007199254740993',
  '1e999',
  '1.5',
  '99999999999999999999',
  '"5"',
  'null',
  '[5]',
];
const DATATYPES = ['"INT64"', '"FP16"', '"BOOL"', '"UINT8"', '"STRING"', '"constructor"', 'null', '7'];
const KEYS = ['"data"', '"__proto__"', '"constructor"', '"name"', '"datatype"', '"toString"'];
const NAMES = [
  '"__proto__"',
  '"constructor"',
  '"distance"',
  '"carrier"',
  '""',
  '"\\u0000"',
  '"probabilities"',
  'null',
];

function pick<T>(random: Random, values: readonly T[]): T {
  return values[random.below(values.length)];
}

/** Without a client that would mend what is sent. */
function send({ body, headers }: Asked): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const asked = post(`${served.url}/v2/models/flights/infer`, { method: 'POST', headers }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('error', reject);
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }),
      );
    });
    asked.on('error', reject);
    asked.end(body);
  });
}
