import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openStore } from '../../store/open.ts';
import type { Store } from '../../store/types.ts';
import { openBench, SCHEMA, type Bench } from './fixtures.ts';
import { registerVersions } from './rolloutBench.ts';

/** A gateway learns of each change, also of one that was made while its connection was away. */
let bench: Bench;
let store: Store;
const NAME = 'watched';
const WATCHER = 'watcher';
const opened: Store[] = [];

beforeAll(async () => {
  bench = await openBench();
  ({ store } = bench);
  await registerVersions(store, NAME, 2);
});
afterEach(async () => void (await Promise.all(opened.splice(0).map((watcher) => watcher.close()))));
afterAll(() => bench.close());

async function watchBy(url = bench.url, onChange: (name?: string) => void = () => undefined) {
  const watcher = await openStore(url, SCHEMA, { applicationName: WATCHER });
  opened.push(watcher);
  const told: (string | undefined)[] = [];
  const watching = await watcher.routes.watch((name) => {
    told.push(name);
    onChange(name);
  });
  return { told, watching, watcher };
}

let changes = 0;
async function changeOnce(): Promise<number> {
  const { revision, ...route } = (await store.routes.get(NAME)) ?? expect.unreachable();
  const next = await store.routes.change({
    ...{ ...route, championVersion: 3 - route.championVersion, expectedRevision: revision },
    ...{ actor: 'tester', reason: 'to and fro', idempotencyKey: `change/${++changes}` },
  });
  return next.revision;
}

const soon = { timeout: 20_000, interval: 10 };
const listening = async () =>
  (
    await bench.admin.query(
      `SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = $1
         AND query ~ '^(LISTEN|SELECT$)'`,
      [WATCHER],
    )
  ).rowCount;

describe('whoever watches', () => {
  test('is told of each change by the route’s name, and reads the new state then', async () => {
    const seen: (number | undefined)[] = [];
    const { told } = await watchBy(undefined, () => {
      void store.routes.get(NAME).then((route) => seen.push(route?.revision));
    });
    const revision = await changeOnce();
    await expect.poll(() => seen, soon).toEqual([revision]);
    expect(told).toEqual([NAME]);
    await changeOnce();
    await expect.poll(() => told, soon).toEqual([NAME, NAME]);
  });

  test('of another installation in the same database is told nothing', async () => {
    const other = await openStore(bench.url, 'other');
    opened.push(other);
    const told: unknown[] = [];
    await other.routes.watch((name) => told.push(name));
    const { told: ours } = await watchBy();
    await changeOnce();
    await expect.poll(() => ours, soon).toEqual([NAME]);
    expect(told).toEqual([]);
  });

  test('of a change past the program is told too', async () => {
    const { told } = await watchBy();
    await bench.admin.query(`
      BEGIN;
      UPDATE routes SET log_inputs = NOT log_inputs, revision = revision + 1 WHERE name = '${NAME}';
      INSERT INTO route_history (name, revision, champion_version, log_inputs, at, actor, reason, idempotency_key)
        SELECT name, revision, champion_version, log_inputs, date_trunc('milliseconds', clock_timestamp()), 'psql', '', 'psql'
        FROM routes WHERE name = '${NAME}';
      COMMIT`);
    await expect.poll(() => told, soon).toEqual([NAME]);
  });

  test('is told that anything may have changed when its connection was away, and of changes again from then on', async () => {
    const { told } = await watchBy();
    for (let times = 1; times <= 3; times++) {
      await bench.terminate(WATCHER);
      await expect
        .poll(() => told.filter((name) => name === undefined).length, soon)
        .toBeGreaterThanOrEqual(times);
      const before = told.length;
      await changeOnce();
      await expect.poll(() => told.slice(before), soon).toContain(NAME);
    }
  });

  test('notices a server that fell silent', async () => {
    const proxy = await openProxy();
    try {
      const { told } = await watchBy(proxy.url);
      proxy.silence();
      // Two heartbeats of 5 s at the most.
      await expect.poll(() => told, { ...soon, timeout: 40_000 }).toContain(undefined);
      await changeOnce();
      await expect.poll(() => told, soon).toContain(NAME);
    } finally {
      await Promise.all(opened.splice(0).map((watcher) => watcher.close()));
      await proxy.close();
    }
  }, 60_000);

  test('begins also where nobody listens yet, and is told when somebody does', async () => {
    const proxy = await openProxy();
    try {
      const { watching, watcher } = await watchBy(proxy.url);
      await watching.close();
      proxy.refuse(true);
      const told: unknown[] = [];
      await watcher.routes.watch((name) => told.push(name));
      expect(told).toEqual([]);
      proxy.refuse(false);
      await expect.poll(() => told, soon).toEqual([undefined]);
    } finally {
      await Promise.all(opened.splice(0).map((watcher) => watcher.close()));
      await proxy.close();
    }
  });

  test('ends at once, twice if need be, and is told no more', async () => {
    const { told, watching } = await watchBy();
    expect(await listening()).toBe(1);
    await Promise.all([watching.close(), watching.close()]);
    await expect.poll(listening, soon).toBe(0);
    await changeOnce();
    const { told: later } = await watchBy();
    await changeOnce();
    await expect.poll(() => later, soon).toEqual([NAME]);
    expect(told).toEqual([]);
  });

  test('ends with its store, also in the middle of connecting again', async () => {
    const proxy = await openProxy();
    const { told, watcher } = await watchBy(proxy.url);
    proxy.refuse(true);
    proxy.cut();
    await expect.poll(listening, soon).toBe(0);
    await watcher.close();
    proxy.refuse(false);
    await proxy.close();
    expect(told).toEqual([]);
  });
});

interface Proxy {
  url: string;
  /** Connections that are open pass nothing more on; new ones do. */
  silence(): void;
  refuse(refused: boolean): void;
  cut(): void;
  close(): Promise<void>;
}

/** Between a store and its database, to be a network that fails. */
async function openProxy(): Promise<Proxy> {
  const target = new URL(bench.url);
  const sockets = new Set<Socket>();
  let refused = false;
  const server: Server = createServer((near) => {
    if (refused) return void near.destroy();
    const far = connect(Number(target.port), target.hostname);
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(bench.url);
  const address = server.address();
  url.port = String(typeof address === 'object' ? address?.port : '');
  url.hostname = '127.0.0.1';
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: url.href,
    silence() {
      for (const socket of sockets) {
        socket.unpipe();
        socket.on('data', () => undefined);
      }
    },
    refuse: (value) => void (refused = value),
    cut,
    async close() {
      cut();
      server.close();
      await once(server, 'close');
    },
  };
}
