import { Agent, request } from 'node:http';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AddressInfo } from 'node:net';
import { someJson, tinyModel } from '../serving/fixtures.ts';
import { LIMITS, serve, type HttpServer } from '../serving/httpServer.ts';
import { makeMalformed, type Malformed } from './malformed.ts';
import { loiter, speak } from './rawSocket.ts';

/** Whatever strangers send, the gateway says 4xx and why, keeps its memory, and goes on answering others. */

const BAD_REQUESTS = 1_000;
const SEED = 20_260_801;
/** Of the heap after a collection: what 1,000 refused requests of up to 512 KiB may leave behind. */
const HEAP_GROWTH_BYTES = 24 * 2 ** 20;
/** Of the process, which gives pages back late: 1,000 bodies that were kept would be 10 times that. */
const RSS_GROWTH_BYTES = 200 * 2 ** 20;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const agent = new Agent({ keepAlive: true, maxSockets: 8 });
const good = { url: '/models/flights/predict', body: { rows: someJson(2), key: 'user-1' } };

let http: HttpServer;
let port: number;

/** Its times are short, for those who take theirs. */
let hasty: HttpServer;
let hastyPort: number;
const TIMES = { headersMs: 400, requestMs: 800, checkMs: 50 };

beforeAll(async () => {
  const model = await tinyModel();
  http = await serve([['flights', model]]);
  hasty = await serve([['flights', model]], {
    limits: { ...LIMITS, requestTimeoutMs: TIMES.requestMs },
    timeouts: { headersMs: TIMES.headersMs, checkMs: TIMES.checkMs },
  });
  port = await listen(http);
  hastyPort = await listen(hasty);
});
afterAll(async () => {
  agent.destroy();
  await Promise.all([http.close(), hasty.close()]);
});

async function listen({ server }: HttpServer): Promise<number> {
  await server.listen({ host: '127.0.0.1', port: 0 });
  return (server.server.address() as AddressInfo).port;
}

interface Answer {
  status: number;
  text: string;
}

function send({ url, headers, body }: Pick<Malformed, 'url' | 'headers' | 'body'>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({
      agent,
      port,
      host: '127.0.0.1',
      method: 'POST',
      path: url,
      headers: { ...headers, 'content-length': body.length },
    });
    sent.on('error', reject);
    sent.on('response', (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('error', reject);
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString() }),
      );
    });
    sent.end(body);
  });
}

/** A body that is refused by its length may be cut off while it is on its way; its sender then sees a reset. */
async function sendOrReset(bad: Malformed): Promise<Answer | undefined> {
  try {
    return await send(bad);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (bad.body.length > LIMITS.maxBodyBytes && (code === 'ECONNRESET' || code === 'EPIPE'))
      return undefined;
    throw error;
  }
}

async function expectGood(): Promise<void> {
  expect(await askGood(port)).toEqual({ statuses: [200], predicted: true });
}

async function askGood(to: number): Promise<{ statuses: number[]; predicted: boolean }> {
  const body = JSON.stringify(good.body);
  const { statuses, text } = await speak(to, [
    `POST ${good.url} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  ]);
  return { statuses, predicted: text.includes('"predictions":[{') };
}

/** Eight at a time. */
async function sendAll(bad: readonly Malformed[]): Promise<{ bad: Malformed; answer: Answer | undefined }[]> {
  const answers: { bad: Malformed; answer: Answer | undefined }[] = [];
  const queue = [...bad];
  const work = async (): Promise<void> => {
    for (let next = queue.pop(); next; next = queue.pop())
      answers.push({ bad: next, answer: await sendOrReset(next) });
  };
  await Promise.all(Array.from({ length: 8 }, work));
  return answers;
}

function heapBytes(): number {
  collectGarbage();
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

test(
  '1,000 malformed bodies: each 4xx with a reason, memory flat, and good requests go on',
  { timeout: 180_000 },
  async () => {
    await expectGood();
    // Once, so that code is compiled and pools are filled before memory is measured.
    await sendAll(makeMalformed(good, 200, SEED + 1));
    const heap = heapBytes();
    const { rss } = process.memoryUsage();
    const statuses = new Map<number, number>();
    const wrong: unknown[] = [];
    for (let round = 0; round < 4; round++) {
      for (const { bad, answer } of await sendAll(makeMalformed(good, BAD_REQUESTS / 4, SEED + 10 + round))) {
        const { status, text } = answer ?? {
          status: 413,
          text: '{"error":"it was cut off","code":"TOO_LARGE"}',
        };
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        if (status === 200 && !bad.surelyWrong) continue;
        const { error, code } = JSON.parse(text) as { error?: string; code?: string };
        const isTold =
          status >= 400 &&
          status < 500 &&
          typeof error === 'string' &&
          error.length > 10 &&
          code !== undefined;
        if (!isTold)
          wrong.push({ kind: bad.kind, url: bad.url, body: bad.body.toString().slice(0, 300), status, text });
      }
      await expectGood();
    }
    expect(wrong).toEqual([]);
    // Several reasons were met, not one for all.
    expect([400, 404, 413, 415].filter((status) => !statuses.has(status))).toEqual([]);
    expect(heapBytes() - heap).toBeLessThan(HEAP_GROWTH_BYTES);
    expect(process.memoryUsage().rss - rss).toBeLessThan(RSS_GROWTH_BYTES);
  },
);

const post = (headers: string, body = ''): string =>
  `POST ${good.url} HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n\r\n${body}`;
const TYPE = 'Content-Type: application/json';

describe('what is no HTTP gets a reason and a closed connection', () => {
  test.each<[string, string | Uint8Array, number]>([
    ['garbage', 'hello there\r\n\r\n', 400],
    ['bytes', Buffer.from(Array.from({ length: 1_000 }, (_, i) => (i * 167) % 256)), 400],
    ['a TLS handshake', Buffer.from('16030100ba010000b60303', 'hex'), 400],
    ['HTTP/0.9', 'GET /\r\n\r\n', 400],
    ['HTTP/3', 'GET / HTTP/3.0\r\nHost: localhost\r\n\r\n', 400],
    ['an unknown method', 'BREW /coffee HTTP/1.1\r\nHost: localhost\r\n\r\n', 400],
    ['a tunnel', 'CONNECT a:80 HTTP/1.1\r\nHost: localhost\r\n\r\n', 405],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
    ['no host', 'GET / HTTP/1.1\r\n\r\n', 400],
    ['huge headers', `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`, 431],
    ['many headers', `GET / HTTP/1.1\r\nHost: localhost\r\n${'X-Y: z\r\n'.repeat(10_000)}\r\n`, 431],
    ['a huge address', `GET /${'x'.repeat(100_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`, 431],
    ['a zero byte in a header', 'GET / HTTP/1.1\r\nHost: localhost\r\nX: a\0b\r\n\r\n', 400],
    ['a space before the colon', 'GET / HTTP/1.1\r\nHost : a\r\n\r\n', 400],
    ['a bare line feed', 'GET / HTTP/1.1\nHost: localhost\rX: b\n\n', 400],
    [
      'length and chunks',
      post(
        `${TYPE}\r\nContent-Length: 4\r\nTransfer-Encoding: chunked`,
        '0\r\n\r\nGET /admin HTTP/1.1\r\n\r\n',
      ),
      400,
    ],
    [
      'chunks and length',
      post(`${TYPE}\r\nTransfer-Encoding: chunked\r\nContent-Length: 4`, '0\r\n\r\n'),
      400,
    ],
    ['two lengths', post(`${TYPE}\r\nContent-Length: 2\r\nContent-Length: 40`, '{}'), 400],
    ['a length in a list', post(`${TYPE}\r\nContent-Length: 2, 2`, '{}'), 400],
    ['a negative length', post(`${TYPE}\r\nContent-Length: -2`, '{}'), 400],
    ['a length with a plus', post(`${TYPE}\r\nContent-Length: +2`, '{}'), 400],
    ['a length past any', post(`${TYPE}\r\nContent-Length: 99999999999999999999999`, '{}'), 400],
    ['an unknown coding', post(`${TYPE}\r\nTransfer-Encoding: xchunked`, '{}'), 400],
    ['chunked not last', post(`${TYPE}\r\nTransfer-Encoding: chunked, identity`, '0\r\n\r\n'), 400],
    ['a chunk of no size', post(`${TYPE}\r\nTransfer-Encoding: chunked`, 'zz\r\n{}\r\n0\r\n\r\n'), 400],
    [
      'a chunk longer than it says',
      post(`${TYPE}\r\nTransfer-Encoding: chunked`, '1\r\n{}\r\n0\r\n\r\n'),
      400,
    ],
    [
      'endless chunk extensions',
      post(`${TYPE}\r\nTransfer-Encoding: chunked`, `2;${'x'.repeat(40_000)}\r\n{}\r\n0\r\n\r\n`),
      413,
    ],
    ['a body that is too long', post(`${TYPE}\r\nContent-Length: 1000000000`), 413],
    [
      'a body whose length grows',
      post(`${TYPE}\r\nTransfer-Encoding: chunked`, `80000\r\n${' '.repeat(0x80000)}\r\n`),
      413,
    ],
    [
      'an expectation',
      post(`${TYPE}\r\nExpect: a miracle\r\nConnection: close\r\nContent-Length: 2`, '{}'),
      417,
    ],
  ])('%s', async (_what, bytes, status) => {
    const { statuses, text } = await speak(port, [bytes]);
    expect(statuses).toEqual([status]);
    expect(text).toMatch(/"error":"[^"]{10,}.*"code":"[A-Z_]+"/);
  });
});

test('junk behind a good request spoils itself alone', async () => {
  const body = JSON.stringify(good.body);
  const first = post(`${TYPE}\r\nContent-Length: ${Buffer.byteLength(body)}`, body);
  const { statuses } = await speak(port, [first, 'junk\r\n\r\n'], { pauseMs: 100 });
  expect(statuses).toEqual([200, 400]);
});

test('100 requests in one write are answered in order', async () => {
  const get = 'GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n';
  const last = 'GET /nowhere HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';
  const { statuses } = await speak(port, [get.repeat(99) + last]);
  expect(statuses).toEqual([...new Array<number>(99).fill(200), 404]);
});

test('a caller who leaves in the middle is no failure', async () => {
  const { statuses } = await speak(port, [post(`${TYPE}\r\nContent-Length: 100`, '{"rows":')], {
    end: true,
  });
  expect(statuses.every((status) => status >= 400 && status < 500)).toBe(true);
  await expectGood();
});

test('large bodies on their way are bounded', async () => {
  const halves = loiter(port, 40, post(`${TYPE}\r\nContent-Length: ${LIMITS.maxBodyBytes}`, '{'));
  // Eight are waited for; the others were told to come back, and their connections closed.
  await expect.poll(() => halves.filter(({ destroyed }) => !destroyed).length, { timeout: 20_000 }).toBe(8);
  const whole = post(
    `${TYPE}\r\nConnection: close\r\nContent-Length: ${LIMITS.maxBodyBytes}`,
    '{'.repeat(LIMITS.maxBodyBytes),
  );
  const answer = await speak(port, [whole]);
  expect(answer).toMatchObject({ statuses: [503] });
  expect(answer.text).toMatch(/retry-after: 1\r\n[^]*"code":"OVERLOADED"/);
  await expectGood();
  for (const half of halves) half.destroy();
  await expect.poll(async () => (await speak(port, [whole])).statuses, { timeout: 20_000 }).toEqual([400]);
});

describe('who takes too long is told so', () => {
  test('headers, one now and then', async () => {
    const pieces = [`POST ${good.url} HTTP/1.1\r\nHost: localhost\r\n`, 'X-Slow: loris\r\n'];
    const { statuses, text } = await speak(hastyPort, pieces, { pauseMs: 100, repeatLast: true });
    expect({ statuses, code: text.includes('"code":"TIMED_OUT"') }).toEqual({ statuses: [408], code: true });
  });

  test('a body, byte by byte', async () => {
    const pieces = [post(`${TYPE}\r\nContent-Length: 100000`), ' '];
    const { statuses, text } = await speak(hastyPort, pieces, { pauseMs: 100, repeatLast: true });
    expect({ statuses, code: text.includes('"code":"TIMED_OUT"') }).toEqual({ statuses: [408], code: true });
  });

  test('a body in chunks, byte by byte', async () => {
    const pieces = [post(`${TYPE}\r\nTransfer-Encoding: chunked`), '1\r\n \r\n'];
    const { statuses } = await speak(hastyPort, pieces, { pauseMs: 100, repeatLast: true });
    expect(statuses).toEqual([408]);
  });

  test('300 at once, while others are answered, and none of them stays', async () => {
    const sockets = [
      ...loiter(hastyPort, 100, `POST ${good.url} HTTP/1.1\r\nHost: localhost\r\n`),
      ...loiter(hastyPort, 100, post(`${TYPE}\r\nContent-Length: 100000`, '{')),
      ...loiter(hastyPort, 100, ''),
    ];
    // On a busy machine a good one may take too long too.
    await expect.poll(() => askGood(hastyPort), { timeout: 20_000 }).toMatchObject({ predicted: true });
    await expect
      .poll(() => sockets.filter(({ destroyed }) => !destroyed).length, { timeout: 20_000 })
      .toBe(0);
    await expect.poll(() => askGood(hastyPort), { timeout: 20_000 }).toMatchObject({ predicted: true });
  });
});
