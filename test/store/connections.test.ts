import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createPool } from '../../store/pool.ts';
import { openStore } from '../../store/open.ts';
import { transaction } from '../../store/transaction.ts';
import type { Store } from '../../store/types.ts';
import { openBench, SCHEMA, startRun, type Bench } from './fixtures.ts';

/** A database that goes away is an error that may be tried again; when it is back, so is the store. */
let bench: Bench;
let store: Store;

beforeAll(async () => {
  bench = await openBench();
  ({ store } = bench);
});
afterAll(() => bench.close());

describe('when the server ends every connection', () => {
  test('idle ones are replaced, and the process is told', async () => {
    const errors: Error[] = [];
    const victim = await bench.another({
      applicationName: 'idle',
      onConnectionError: (error) => errors.push(error),
    });
    await Promise.all(Array.from({ length: 5 }, () => victim.runs.list()));
    await bench.terminate('idle');
    while (errors.length < 5) await setTimeout(5);
    for (const error of errors) expect(error).toMatchObject({ code: '57P01' });
    expect(await victim.runs.list()).toEqual(await store.runs.list());
  });

  test('a statement under way fails with what Postgres said, not with an error of ours, and the next one works', async () => {
    const run = await startRun(store, 'interrupted');
    const victim = await bench.another({ applicationName: 'busy' });
    const other = await bench.rival();
    await other.query(`BEGIN; LOCK TABLE audit_head`);
    const closing = victim.runs.close('interrupted', run.number, { status: 'failed', reason: 'once' });
    const outcome = expect(closing).rejects.toMatchObject({ name: 'error', code: '57P01' });
    await bench.untilBlocked();
    await bench.terminate('busy');
    await outcome;
    await other.query('ROLLBACK');
    expect(await store.runs.get('interrupted', run.number)).toMatchObject({ status: 'running' });
    await victim.runs.close('interrupted', run.number, { status: 'failed', reason: 'twice' });
    expect(await store.runs.get('interrupted', run.number)).toMatchObject({
      status: 'failed',
      reason: 'twice',
    });
  });
});

describe('a transaction', () => {
  const pools = (options = {}) => createPool(bench.url, SCHEMA, { maxConnections: 1, ...options });

  test('gives its connection back, whatever happens', async () => {
    const pool = pools();
    for (let i = 0; i < 3; i++) {
      await expect(transaction(pool, (client) => client.query('SELECT 1 / 0'))).rejects.toMatchObject({
        code: '22012',
      });
      await expect(transaction(pool, async () => Promise.reject(new Error('ours')))).rejects.toThrow('ours');
      await expect(
        transaction(pool, (client) => client.query('SELECT pg_terminate_backend(pg_backend_pid())')),
      ).rejects.toMatchObject({ code: '57P01' });
    }
    const { rows } = await transaction(pool, (client) => client.query<{ one: number }>('SELECT 1 AS one'));
    expect(rows).toEqual([{ one: 1 }]);
    await pool.end();
  });

  test('in which a failed statement was passed over does not end as if it had been committed', async () => {
    const pool = pools();
    const body = transaction(
      pool,
      async (client) => void (await client.query('SELECT 1 / 0').catch(() => undefined)),
    );
    await expect(body).rejects.toThrow('rolled back');
    await pool.end();
  });

  test('ends at once when it is cancelled, and its locks with it', async () => {
    const pool = pools();
    const controller = new AbortController();
    const other = await bench.rival();
    await other.query(`BEGIN; LOCK TABLE audit_head`);
    const body = transaction(pool, (client) => client.query(`LOCK TABLE lifecycles; LOCK TABLE audit_head`), {
      signal: controller.signal,
    });
    const outcome = expect(body).rejects.toThrow('stop');
    await bench.untilBlocked();
    controller.abort(new Error('stop'));
    await outcome;
    expect(pool.totalCount).toBe(0);
    // The server looks every 5 s whether a client that waits is still there.
    await bench.admin.query(`SELECT FROM lifecycles`);
    await other.query('ROLLBACK');
    await pool.end();
  }, 15_000);

  test('does not begin when it was cancelled before', async () => {
    const pool = pools();
    const signal = AbortSignal.abort(new Error('too late'));
    await expect(transaction(pool, async () => expect.unreachable(), { signal })).rejects.toThrow('too late');
    await pool.end();
  });

  test('takes no longer than its statements may', async () => {
    const pool = pools({ statementTimeoutMs: 50 });
    await expect(transaction(pool, (client) => client.query('SELECT pg_sleep(10)'))).rejects.toMatchObject({
      code: '57014',
    });
    await pool.end();
  });

  test('is as isolated as it says, whatever the database defaults to', async () => {
    await bench.admin.query(
      `ALTER DATABASE ${new URL(bench.url).pathname.slice(1)} SET default_transaction_isolation TO serializable`,
    );
    const pool = pools();
    const { rows } = await transaction(pool, (client) =>
      client.query<{ level: string }>(`SELECT current_setting('transaction_isolation') AS level`),
    );
    expect(rows).toEqual([{ level: 'read committed' }]);
    await pool.end();
    await bench.admin.query(
      `ALTER DATABASE ${new URL(bench.url).pathname.slice(1)} RESET default_transaction_isolation`,
    );
  });
});

describe('an address', () => {
  test('at which nobody listens is STACK_UNAVAILABLE, and the password stays secret', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    const error: unknown = await openStore(`postgres://me:hunter2@127.0.0.1:${port}/x`, SCHEMA).catch(
      (e: unknown) => e,
    );
    expect(error).toMatchObject({
      code: 'STACK_UNAVAILABLE',
      value: `127.0.0.1:${port}/x`,
      message: expect.stringContaining('ECONNREFUSED') as string,
    });
    expect(JSON.stringify(error) + String(error)).not.toContain('hunter2');
  });

  test('of a database that is not there says so', async () => {
    const url = new URL(bench.url);
    url.pathname = '/nowhere';
    await expect(openStore(url.href, SCHEMA)).rejects.toMatchObject({
      code: 'STACK_UNAVAILABLE',
      message: expect.stringContaining('"nowhere" does not exist') as string,
    });
  });

  test.each(['', 'hunter2', 'mysql://me:hunter2@localhost/x', 'http://localhost'])(
    '%o is INVALID_INPUT',
    async (url) => {
      const error: unknown = await openStore(url, SCHEMA).catch((e: unknown) => e);
      expect(error).toMatchObject({ code: 'INVALID_INPUT', field: 'DATABASE_URL' });
      expect(JSON.stringify(error) + String(error)).not.toContain('hunter2');
    },
  );

  test('with options of its own does not lead into another schema', async () => {
    const url = new URL(bench.url);
    url.searchParams.set('options', '-c search_path=public -c datestyle=German');
    const other = await openStore(url.href, SCHEMA);
    const run = await startRun(other, 'addressed');
    expect(await store.runs.get('addressed', run.number)).toEqual(
      await other.runs.get('addressed', run.number),
    );
    await other.close();
  });

  test.each(['', 'x'.repeat(64), 'a\0b'])('schema %o is INVALID_INPUT', async (schema) => {
    await expect(openStore(bench.url, schema)).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      field: 'PERENNIAL_NAMESPACE',
    });
  });
});

test('closing twice is closing once', async () => {
  const other = await openStore(bench.url, SCHEMA);
  await Promise.all([other.close(), other.close()]);
  await expect(other.runs.list()).rejects.toThrow();
});
