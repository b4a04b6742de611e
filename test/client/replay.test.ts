import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { startReplay, type ReplayOptions, type ReplayRow } from '../../client/replay.ts';

/** A replay asks every row once, tells every label, and is polite to a gateway that has enough. */

interface Asked {
  path: string;
  body: { row?: object; key?: string; labels?: { key: string; value: unknown }[] };
}

let server: Server | undefined;
afterEach(async () => {
  server?.closeAllConnections();
  server?.close();
  if (server?.listening) await once(server, 'close');
});

/** A gateway as a replay sees it. */
async function gateway(
  answer: (asked: Asked, response: ServerResponse, request: IncomingMessage) => void = ok,
): Promise<{ url: string; asked: Asked[]; most: () => number }> {
  const asked: Asked[] = [];
  let now = 0;
  let most = 0;
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    most = Math.max(most, ++now);
    response.once('close', () => now--);
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = JSON.parse(Buffer.concat(chunks).toString()) as Asked['body'];
      const one: Asked = { path: request.url ?? '', body };
      asked.push(one);
      answer(one, response, request);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, asked, most: () => most };
}

function ok({ path }: Asked, response: ServerResponse): void {
  response.end(JSON.stringify(path === '/labels' ? { accepted: 1 } : { predictions: [{ version: 3 }] }));
}

async function* someRows(count: number): AsyncGenerator<ReplayRow> {
  for (let i = 0; i < count; i++)
    yield await Promise.resolve({ key: `k${i}`, row: { x: i }, label: i % 2 === 0 });
}

const replay = (url: string, more: Partial<ReplayOptions> = {}) =>
  startReplay({ url, name: 'flights', rows: someRows(60), rate: 2_000, labelDelayMs: 0, ...more });

test('every row is asked once with its key, and its label is told', async () => {
  const { url, asked } = await gateway();
  const running = replay(url);
  await running.finished;
  expect(running.counts()).toMatchObject({
    sent: 60,
    answered: 60,
    failed: 0,
    retried: 0,
    labelled: 60,
    versions: { 3: 60 },
  });
  expect(running.done()).toBe(60);
  const predictions = asked.filter(({ path }) => path === '/models/flights/predict');
  expect(predictions.map(({ body }) => body.key).sort()).toEqual(
    Array.from({ length: 60 }, (_, i) => `k${i}`).sort(),
  );
  const labels = asked.flatMap(({ body }) => body.labels ?? []);
  expect(new Map(labels.map(({ key, value }) => [key, value])).get('k8')).toBe(true);
  expect(labels).toHaveLength(60);
});

test('no more requests are under way than agreed', async () => {
  const { url, most } = await gateway((asked, response) => void setTimeout(ok, 5, asked, response));
  // One connection more is for labels.
  await replay(url, { concurrency: 3 }).finished;
  expect(most()).toBeLessThanOrEqual(4);
});

test('a gateway that has enough is left alone for as long as it asks, and nothing is lost', async () => {
  let full = 2;
  const refusedAt: number[] = [];
  const askedAt: number[] = [];
  const { url } = await gateway((asked, response) => {
    askedAt.push(performance.now());
    if (full-- <= 0) return ok(asked, response);
    refusedAt.push(performance.now());
    response.writeHead(503, { 'retry-after': '1' }).end();
  });
  const running = replay(url, { concurrency: 1 });
  await running.finished;
  expect(running.counts()).toMatchObject({ sent: 60, answered: 60, failed: 0, labelled: 60 });
  expect(running.counts().retried).toBe(2);
  // One caller: after a refusal the next call, whichever it is, comes a second later.
  for (const moment of refusedAt) {
    const next = askedAt.find((at) => at > moment);
    expect((next ?? Infinity) - moment).toBeGreaterThan(950);
  }
});

test('a connection that breaks is tried again', async () => {
  let broken = 3;
  const { url } = await gateway((asked, response, request) => {
    if (broken-- > 0) request.socket.destroy();
    else ok(asked, response);
  });
  const running = replay(url);
  await running.finished;
  expect(running.counts()).toMatchObject({ answered: 60, failed: 0, labelled: 60 });
  expect(running.counts().retried).toBeGreaterThan(0);
});

test('a refusal is counted and told, and not tried again', async () => {
  const { url, asked } = await gateway((one, response) => {
    if (one.body.key === 'k7') response.writeHead(400).end('{"error":"x"}');
    else ok(one, response);
  });
  const running = replay(url);
  await running.finished;
  expect(running.counts()).toMatchObject({ sent: 60, answered: 59, failed: 1, labelled: 59, retried: 0 });
  expect(running.counts().refusal).toContain('400 {"error":"x"}');
  expect(asked.filter(({ body }) => body.key === 'k7')).toHaveLength(1);
});

test('labels wait for their time; a replay that is stopped tells them at once and knows its place', async () => {
  const { url, asked } = await gateway();
  const running = replay(url, { rows: someRows(10_000), rate: 200, labelDelayMs: 3_600_000 });
  await expect.poll(() => running.counts().answered).toBeGreaterThan(20);
  expect(running.counts().labelled).toBe(0);
  expect(running.done()).toBe(0);
  await running.stop();
  const { sent, answered, labelled } = running.counts();
  expect({ answered, labelled }).toEqual({ answered: sent, labelled: sent });
  expect(running.done()).toBe(sent);
  expect(sent).toBeLessThan(10_000);
  const before = asked.length;
  await running.stop();
  expect(asked.length).toBe(before);
});

test('what the rows throw is told, after the labels of the others', async () => {
  const { url } = await gateway();
  const running = replay(url, {
    rows: (async function* () {
      yield* someRows(5);
      throw new Error('the file is broken');
    })(),
  });
  await expect(running.finished).rejects.toThrow('the file is broken');
  expect(running.counts()).toMatchObject({ answered: 5, labelled: 5 });
});
