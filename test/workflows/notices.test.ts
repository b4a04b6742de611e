import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { MockActivityEnvironment } from '@temporalio/testing';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { noticeActivities, type Delivery } from '../../activities/notices.ts';
import { csv, defineLifecycle, logistic, secret } from '../../config/define.ts';
import type { NoticeEvent } from '../../decisions/lifecycle/policy.ts';
import { queues } from '../../workflows/messages.ts';
import { openBench, type Bench } from './bench.ts';
import { eventually } from './rollouts.ts';

/** What a receiver of notices sees: a signed message, the same one when it is told again, and nothing after a no. */

vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 });

interface Received {
  headers: Record<string, string>;
  body: string;
  path: string;
}

const KEY = `whsec_${Buffer.from('a key of twenty-four byte').toString('base64')}`;
const received: Received[] = [];
/** In place of a status. */
const SILENCE = -1;
/** Of each request that met silence: the caller is gone. */
const hungUp: Promise<unknown>[] = [];
/** Statuses to answer with, by path; 204 once there are none left. */
const answers = new Map<string, number[]>();

const receiver = createServer((request, response) => {
  void bodyOf(request).then((body) => {
    const path = request.url ?? '';
    received.push({ headers: request.headers as Record<string, string>, body, path });
    const status = answers.get(path)?.shift() ?? 204;
    if (status === SILENCE) {
      hungUp.push(once(response, 'close'));
      return;
    }
    if (status === 302) response.setHeader('location', `${origin()}/elsewhere`);
    if (status === 0) request.socket.destroy();
    else response.writeHead(status).end(status === 204 ? undefined : 'what the receiver thinks');
  });
});
const origin = () => `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;

let bench: Bench;
beforeAll(async () => {
  process.env.NOTICE_KEY = KEY;
  process.env.NOTICE_TEXT_KEY = 'any text, also ü';
  process.env.NOTICE_BROKEN_KEY = 'whsec_%%%';
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  bench = await openBench();
});
afterAll(async () => {
  await bench.close();
  receiver.closeAllConnections();
  await new Promise((resolve) => receiver.close(resolve));
});
beforeEach(() => {
  received.length = 0;
  answers.clear();
});

test('a message is signed so that the official library takes it, and says what happened', async () => {
  const definitionHash = await lifecycle([{ path: '/a' }]);
  expect(await deliver({ definitionHash })).toEqual({ status: 204 });
  const [{ headers, body, path }] = received;
  expect(path).toBe('/a');
  expect(headers).toMatchObject({ 'content-type': 'application/json', 'webhook-id': 'notice/shop/7' });
  expect(Math.abs(Number(headers['webhook-timestamp']) - Date.now() / 1000)).toBeLessThan(60);
  expect(new Webhook(KEY).verify(body, headers)).toEqual({
    type: 'lifecycle.rolled_back',
    timestamp: '2026-01-02T03:04:05.000Z',
    data: { id: 'notice/shop/7', name: 'shop', number: 7, event: 'rolled-back', text: 'Version 2 fell.' },
  });
  expect(() => new Webhook(KEY).verify(body.replace('fell', 'rose'), headers)).toThrow(
    'No matching signature',
  );
});

test('a key may be any text', async () => {
  const definitionHash = await lifecycle([{ path: '/text', key: 'NOTICE_TEXT_KEY' }]);
  await deliver({ definitionHash });
  const [{ headers, body }] = received;
  const raw = new Webhook(new TextEncoder().encode('any text, also ü'), { format: 'raw' });
  expect(raw.verify(body, headers)).toMatchObject({ type: 'lifecycle.rolled_back' });
});

test('a key that is none, or is not there, is refused for good and not shown', async () => {
  const broken = await lifecycle([{ path: '/k', key: 'NOTICE_BROKEN_KEY' }]);
  const said = await deliver({ definitionHash: broken }).catch((error: unknown) => error);
  expect(said).toMatchObject({ code: 'INVALID_INPUT', field: 'NOTICE_BROKEN_KEY' });
  expect(inspect(said)).not.toContain('%%%');
  const absent = await lifecycle([{ path: '/k', key: 'NOTICE_ABSENT_KEY' }]);
  await expect(deliver({ definitionHash: absent })).rejects.toMatchObject({ code: 'SECRET_MISSING' });
  expect(received).toEqual([]);
});

test.each([400, 401, 404, 410, 422])('%i is a no for good', async (status) => {
  const definitionHash = await lifecycle([{ path: '/no' }]);
  answers.set('/no', [status]);
  const said = await deliver({ definitionHash }).catch((error: unknown) => error);
  expect(said).toMatchObject({ code: 'WEBHOOK_REFUSED', kind: { retryable: false } });
  expect(inspect(said)).toContain(`answered ${status}`);
  expect(inspect(said)).not.toContain('what the receiver thinks');
});

test.each([408, 409, 425, 429, 500, 503, 302, 0])('%i may be a yes later', async (status) => {
  const definitionHash = await lifecycle([{ path: '/later' }]);
  answers.set('/later', [status]);
  await expect(deliver({ definitionHash })).rejects.toMatchObject({ type: 'TRANSIENT', nonRetryable: false });
  // Nobody is sent on to where a redirect points.
  expect(received.map(({ path }) => path)).toEqual(['/later']);
});

test('a cancelled activity hangs up on a receiver that says nothing', async () => {
  const definitionHash = await lifecycle([{ path: '/hangs' }]);
  answers.set('/hangs', [SILENCE]);
  const environment = new MockActivityEnvironment();
  const telling = deliver({ definitionHash }, environment).catch((error: unknown) => error);
  await eventually(async () => expect(hungUp).toHaveLength(1));
  const before = performance.now();
  environment.cancel();
  expect(await telling).toBeInstanceOf(Error);
  await hungUp[0];
  // By itself it would wait for 10 s.
  expect(performance.now() - before).toBeLessThan(5_000);
});

test('a webhook is told of the events that it wants alone', async () => {
  const definitionHash = await lifecycle([{ path: '/all' }, { path: '/some', events: ['promoted'] }]);
  const host = new URL(origin()).host;
  const activities = noticeActivities(bench);
  expect(await activities.noticeTargets({ definitionHash, event: 'drift' })).toEqual([{ webhook: 0, host }]);
  expect(await activities.noticeTargets({ definitionHash, event: 'promoted' })).toEqual([
    { webhook: 0, host },
    { webhook: 1, host },
  ]);
  const silent = await bench.store.definitions.put(defineLifecycle(base));
  expect(await activities.noticeTargets({ definitionHash: silent, event: 'drift' })).toEqual([]);
});

test('the workflow tells again after a 500, with the same id, whatever another receiver says', async () => {
  const definitionHash = await lifecycle([{ path: '/slow' }, { path: '/refuses' }]);
  answers.set('/slow', [500]);
  answers.set('/refuses', [400, 400]);
  const { event, at, text } = notice;
  const ended: unknown = await bench.temporal.workflow.execute('notice', {
    workflowId: 'notice/shop/8',
    taskQueue: queues.orchestrator,
    args: [{ name: 'shop', number: 8, definitionHash, event, at, text }],
  });
  expect(ended).toEqual({ told: 1, failed: 1 });
  expect(received.map(({ path }) => path).sort()).toEqual(['/refuses', '/slow', '/slow']);
  expect(new Set(received.map(({ headers }) => headers['webhook-id']))).toEqual(new Set(['notice/shop/8']));
  for (const { body, headers } of received)
    expect(new Webhook(KEY).verify(body, headers)).toMatchObject({ data: { number: 8 } });
});

const base = {
  name: 'shop',
  sources: { t: csv('t.csv') },
  target: 'y',
  search: [logistic()],
};
const notice = {
  name: 'shop',
  number: 7,
  event: 'rolled-back',
  at: '2026-01-02T03:04:05.000Z',
  text: 'Version 2 fell.',
  id: 'notice/shop/7',
  webhook: 0,
} satisfies Omit<Delivery, 'definitionHash'>;

/** @returns the hash of a definition with these webhooks */
function lifecycle(webhooks: { path: string; key?: string; events?: NoticeEvent[] }[]): Promise<string> {
  const notify = {
    webhooks: webhooks.map(({ path, key = 'NOTICE_KEY', events }) => ({
      url: `${origin()}${path}`,
      key: secret(key),
      events,
    })),
  };
  return bench.store.definitions.put(defineLifecycle({ ...base, notify }));
}

function deliver(
  given: { definitionHash: string },
  environment = new MockActivityEnvironment(),
): Promise<{ status: number }> {
  const activities = noticeActivities(bench);
  const deliverIt = () => activities.deliverNotice({ ...notice, ...given });
  return environment.run<[], { status: number }, typeof deliverIt>(deliverIt);
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
