import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openPredictionLog, type PredictionLogOptions } from '../../serving/log/log.ts';
import type { PredictionLog } from '../../serving/types.ts';
import { openBench, SCHEMA, type Bench } from '../store/fixtures.ts';
import { someRecord } from '../store/someRecords.ts';
import { takeDatabaseAway } from './core.ts';

/** Every prediction that reached the disk reaches Postgres, once, whoever dies on the way. */
let bench: Bench;
let directory: string;
let name: string;
let logs: PredictionLog[] = [];
let children: ChildProcess[] = [];
let models = 0;

beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'perennial-log-'));
  name = `model-${models++}`;
});
afterEach(async () => {
  await Promise.all(logs.map((log) => log.close(0)));
  for (const child of children) await kill(child);
  logs = [];
  children = [];
  rmSync(directory, { recursive: true, force: true });
});

const PATIENCE_MS = 50_000;

async function open(options: Partial<PredictionLogOptions> = {}): Promise<PredictionLog> {
  const log = await openPredictionLog({ directory, store: bench.store.predictions, ...options });
  logs.push(log);
  return log;
}

/** Adds so many, whose versions count from `first` on. */
function addMany(log: PredictionLog, many: number, first = 1): void {
  for (let version = first; version < first + many; version++) log.add(someRecord({ name, version }));
}

/** Versions in Postgres, ascending. */
async function landed(): Promise<number[]> {
  const { rows } = await bench.admin.query<{ version: number }>(
    `SELECT version FROM predictions WHERE name = $1 ORDER BY version`,
    [name],
  );
  return rows.map(({ version }) => version);
}

const counting = (to: number) => Array.from({ length: to }, (_, i) => i + 1);

/** Files of segments below the directory. */
function segments(): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.(open|segment)$/.test(path))
    .map((path) => join(directory, path));
}

const bytesOnDisk = () => segments().reduce((sum, path) => sum + statSync(path).size, 0);

function startProcess(): ChildProcess {
  const script = fileURLToPath(new URL('./loggingProcess.ts', import.meta.url));
  const child = fork(script, [bench.url, SCHEMA, directory, name], {
    execArgv: ['--import', import.meta.resolve('tsx')],
  });
  children.push(child);
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

test('what was added is in Postgres after a flush, and nothing is left on disk', async () => {
  const log = await open();
  await log.flush(PATIENCE_MS);
  addMany(log, 3_000);
  await log.flush(PATIENCE_MS);
  expect(await landed()).toEqual(counting(3_000));
  addMany(log, 10, 3_001);
  await log.flush(PATIENCE_MS);
  expect(await landed()).toEqual(counting(3_010));
  expect(log).toMatchObject({ dropped: 0, pendingBytes: 0 });
  expect(segments()).toEqual([]);
});

test('it gets there by itself too, and a day begins in a partition of its own', async () => {
  const log = await open();
  log.add(someRecord({ name, version: 1, at: Date.UTC(2026, 11, 31, 23, 59, 59, 999) }));
  log.add(someRecord({ name, version: 2, at: Date.UTC(2027, 0, 1) }));
  await expect.poll(landed, { timeout: PATIENCE_MS }).toEqual([1, 2]);
  const { rows } = await bench.admin.query(
    `SELECT DISTINCT tableoid::regclass::text AS table FROM predictions WHERE name = $1 ORDER BY 1`,
    [name],
  );
  expect(rows).toEqual([{ table: 'predictions_20261231' }, { table: 'predictions_20270101' }]);
  await expect.poll(segments).toEqual([]);
});

test('closing ships everything, takes nothing more and leaves nothing behind', async () => {
  const log = await open();
  addMany(log, 500);
  await log.close(PATIENCE_MS);
  addMany(log, 1, 501);
  expect(await landed()).toEqual(counting(500));
  expect(log.dropped).toBe(1);
  expect(readdirSync(directory)).toEqual([]);
});

describe('while the database is away', () => {
  let giveBack: (() => Promise<void>) | undefined;
  beforeEach(async () => {
    // Partitions are made and connections open, as in the middle of a day.
    const log = await open();
    log.add(someRecord({ name: 'before' }));
    await log.close(PATIENCE_MS);
    giveBack = undefined;
  });
  afterEach(() => giveBack?.());

  async function takeAway(): Promise<void> {
    const back = await takeDatabaseAway(bench.url);
    giveBack = async () => {
      giveBack = undefined;
      await back();
    };
  }

  test('predictions wait on disk; when it is back they land once, and somebody was told twice', async () => {
    const told: string[] = [];
    const log = await open({ onProblem: (message) => void told.push(message) });
    addMany(log, 100);
    await log.flush(PATIENCE_MS);
    await takeAway();
    addMany(log, 1_000, 101);
    await expect(log.flush(300)).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    addMany(log, 1_000, 1_101);
    await expect.poll(() => told.length).toBe(1);
    await expect.poll(() => log.pendingBytes).toBeGreaterThan(2_000 * 130);
    await expect.poll(() => bytesOnDisk() - log.pendingBytes).toBe(0);
    await giveBack?.();
    await log.flush(PATIENCE_MS);
    expect(await landed()).toEqual(counting(2_100));
    expect(told).toHaveLength(2);
    expect(log).toMatchObject({ dropped: 0, pendingBytes: 0 });
  });

  test('a gateway that ends leaves its predictions to the next one', async () => {
    const log = await open();
    await takeAway();
    addMany(log, 700);
    await log.close(100);
    expect(bytesOnDisk()).toBeGreaterThan(700 * 100);
    await giveBack?.();
    const next = await open();
    expect(next.pendingBytes).toBeGreaterThan(700 * 100);
    await next.flush(PATIENCE_MS);
    expect(await landed()).toEqual(counting(700));
    expect(segments()).toEqual([]);
  });

  test('the disk is filled up to the bound; the newest are dropped and counted, and later there is room again', async () => {
    const told: string[] = [];
    const maxDiskBytes = 200_000;
    const log = await open({ maxDiskBytes, onProblem: (message) => void told.push(message) });
    await takeAway();
    addMany(log, 3_000);
    expect(log.dropped).toBeGreaterThan(100);
    const { dropped } = log;
    await expect(log.flush(300)).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    expect(log.pendingBytes).toBeGreaterThan(maxDiskBytes / 2);
    expect(log.pendingBytes).toBeLessThan(maxDiskBytes + 10_000);
    expect(told.filter((message) => message.startsWith('predictions are dropped'))).toHaveLength(1);
    await giveBack?.();
    await log.flush(PATIENCE_MS);
    expect(await landed()).toEqual(counting(3_000 - dropped));
    addMany(log, 10, 3_001);
    await log.flush(PATIENCE_MS);
    expect(await landed()).toHaveLength(3_010 - dropped);
    expect(log.dropped).toBe(dropped);
  });
});

test('a segment that Postgres refuses holds up nothing: it is counted, told of and set aside', async () => {
  const told: unknown[] = [];
  const log = await open({ onProblem: (_, error) => void told.push(error) });
  addMany(log, 2);
  // Postgres has no text with this character.
  log.add(someRecord({ name, version: 3, rolloutId: 'a\0b' }));
  await expect.poll(() => log.dropped, { timeout: PATIENCE_MS }).toBe(3);
  addMany(log, 5);
  await log.flush(PATIENCE_MS);
  expect(await landed()).toEqual(counting(5));
  expect(told).toMatchObject([{ code: 'INVALID_INPUT' }]);
  expect(existsSync(join(directory, 'refused'))).toBe(true);
  expect(log.pendingBytes).toBe(0);
});

test('where the disk takes nothing, predictions wait in memory', async () => {
  const told: string[] = [];
  const log = await open({ onProblem: (message) => void told.push(message) });
  const [own] = readdirSync(directory);
  rmSync(directory, { recursive: true });
  addMany(log, 100);
  await expect(log.flush(100)).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  expect(told).toHaveLength(1);
  mkdirSync(join(directory, own), { recursive: true });
  await log.flush(PATIENCE_MS);
  expect(await landed()).toEqual(counting(100));
  expect(log.dropped).toBe(0);
});

describe('a gateway that is killed', () => {
  test('loses its newest predictions alone; the next one ships the others, none twice', async () => {
    const child = startProcess();
    await once(child, 'message');
    await expect.poll(async () => (await landed()).length, { timeout: PATIENCE_MS }).toBeGreaterThan(1_000);
    await kill(child);
    const before = await landed();
    const next = await open();
    await next.flush(PATIENCE_MS);
    const after = await landed();
    expect(after).toEqual(counting(after.length));
    expect(after.length).toBeGreaterThanOrEqual(before.length);
    expect(segments()).toEqual([]);
  });

  test('also in the middle of a write: the torn end of its file is cut', async () => {
    const child = startProcess();
    await once(child, 'message');
    await expect.poll(async () => (await landed()).length, { timeout: PATIENCE_MS }).toBeGreaterThan(0);
    const giveBack = await takeDatabaseAway(bench.url);
    try {
      // With the database away one file grows to 4 MiB and is open all the time.
      const opened = () =>
        segments().filter((path) => path.endsWith('.open') && statSync(path).size > 100_000);
      await expect.poll(opened, { timeout: PATIENCE_MS }).toHaveLength(1);
      await kill(child);
      const [path] = opened();
      appendFileSync(path, readFileSync(path).subarray(0, 100));
    } finally {
      await giveBack();
    }
    const next = await open();
    await next.flush(PATIENCE_MS);
    const after = await landed();
    expect(after).toEqual(counting(after.length));
    expect(after.length).toBeGreaterThan(100_000 / 700);
    expect(segments()).toEqual([]);
  });

  test('is not taken for dead while it lives, by processes that share its directory', async () => {
    const [first, second] = [startProcess(), startProcess()];
    await Promise.all([once(first, 'message'), once(second, 'message')]);
    const log = await open();
    await log.flush(PATIENCE_MS);
    // Had their open files been taken, they could close none of them, and nothing more would arrive.
    const { length } = await landed();
    await expect
      .poll(async () => (await landed()).length, { timeout: PATIENCE_MS })
      .toBeGreaterThan(length + 1_000);
    await Promise.all([kill(first), kill(second)]);
    await (await open()).flush(PATIENCE_MS);
    const { rows } = await bench.admin.query<{ version: number; times: string }>(
      `SELECT version, count(*) AS times FROM predictions WHERE name = $1 GROUP BY version ORDER BY version`,
      [name],
    );
    expect(rows.map(({ version }) => version)).toEqual(counting(rows.length));
    // Two of each up to where the one was killed that got less far, then one of each.
    expect(rows.map(({ times }) => times).join('')).toMatch(/^2+1*$/);
  });
});
