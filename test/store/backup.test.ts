import { randomUUID } from 'node:crypto';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readBackup } from '../../store/backup/restore.ts';
import { writeBackup } from '../../store/backup/write.ts';
import { migrate } from '../../store/migrate.ts';
import { openStore } from '../../store/open.ts';
import { createPool } from '../../store/pool.ts';
import { freshDatabase, type FreshDatabase } from '../setup/database.ts';
import { openBench, SCHEMA, type Bench } from './fixtures.ts';
import { logged, openedRollout, openNext, registerVersions } from './rolloutBench.ts';
import { inputsOf } from './someRecords.ts';

/** A backup is one moment of an installation; restored, it is that moment again, or nothing is. */

let bench: Bench;
let folder: string;
const databases: FreshDatabase[] = [];
let files = 0;
const newFile = () => join(folder, `${++files}.backup`);

beforeAll(async () => {
  bench = await openBench();
  folder = await mkdtemp(join(tmpdir(), 'perennial-backup-'));
  await fillInstallation(bench);
});
afterAll(async () => {
  await bench.close();
  for (const database of databases) await database.drop();
  await rm(folder, { recursive: true, force: true });
});

/** Bytes of several chunks, versions, rollouts with predictions of two days, labels, an audit, an event. */
async function fillInstallation({ store }: Bench): Promise<void> {
  const bytes = new Uint8Array(3_500_000).map((_, i) => (i * 7919) % 251);
  await store.artifacts.put(bytes, 'dataset', 'application/octet-stream');
  const first = await openedRollout(store, 'flights');
  await logged(store, first, [
    { arm: 'champion', keys: ['a'], inputs: inputsOf({ text: ['\u0000\ud800', ''] }), rows: 2 },
    {
      arm: 'challenger',
      at: Date.now() - 86_400_000,
      keys: ['b', 'ü'],
      rows: 2,
      outputs: new Float32Array([0.25, NaN]),
    },
  ]);
  await store.rollouts.close('flights', 1, { status: 'aborted', reason: 'a test' });
  await openNext(store, 'flights');
  await store.labels.put('flights', [{ key: 'a', value: true }]);
  await store.labels.put('flights', [{ key: 'a', value: false }]);
  await store.keys.create({ name: 'shop', roles: ['predict', 'label'], actor: 'ada' });
  await registerVersions(store, 'other', 1);
  for (const name of ['flights', 'other']) {
    const { definitionHash = '' } = (await store.registry.get(name)) ?? {};
    const deployment = { name, number: 1, definitionHash, baseDirectory: '/data', changes: [] };
    await store.lifecycles.recordDeployment({ ...deployment, actor: 'ada', reason: 'first' });
    await store.lifecycles.keepState(name, 3, { notices: 3 });
  }
  await store.lifecycles.putEvent({ name: 'flights', id: 'e', reason: 'x', actor: 'etl' });
  const note = { key: 'k', actor: 'ada', action: 'lifecycle.remove', details: {} };
  await store.lifecycles.note('other', note);
}

async function emptyDatabase(): Promise<string> {
  const database = await freshDatabase();
  databases.push(database);
  return database.url;
}

/** What stands in each table, row by row in the order in which they lie there. */
async function contents(url: string, schema = SCHEMA): Promise<Record<string, string>> {
  const store = await openStore(url, schema);
  try {
    const { tables } = await store.backup.write(newFile());
    return Object.fromEntries(tables.map(({ name, rows, sha256 }) => [name, `${rows} ${sha256}`]));
  } finally {
    await store.close();
  }
}

test('an installation is the same again, table by table, and its guards stand', async () => {
  const file = newFile();
  const written = await bench.store.backup.write(file);
  expect(written).toMatchObject({ path: file, bytes: (await stat(file)).size });
  expect(written.tables.length).toBeGreaterThan(25);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  const url = await emptyDatabase();
  const store = await openStore(url, SCHEMA);
  const restored = await store.backup.read(file);
  expect(restored).toMatchObject({
    createdAt: written.createdAt,
    migration: written.migration,
    underWay: { runs: [], rollouts: [{ name: 'flights', number: 2 }], removed: ['other'] },
  });
  expect(restored.tables).toEqual(written.tables.map(({ name, rows }) => ({ name, rows })));
  expect(await contents(url)).toEqual(await contents(bench.url));

  const [ours, theirs] = await Promise.all([store, bench.store].map(({ audit }) => audit.verify()));
  expect(ours).toEqual(theirs);
  expect(ours).toMatchObject({ intact: true });
  const [{ digest }] = await store.registry.list('flights');
  expect(await store.artifacts.get(digest)).toEqual(await bench.store.artifacts.get(digest));
  // Life goes on: numbers, the chain, the schema's promises.
  expect(await store.runs.nextNumber('flights')).toBe(await bench.store.runs.nextNumber('flights'));
  await registerVersions(store, 'flights', 1);
  expect(await store.audit.verify()).toMatchObject({ intact: true });
  expect(await constraints(url)).toEqual(await constraints(bench.url));
  await store.close();
});

test('what is written meanwhile is in it whole or not at all', async () => {
  let writing = true;
  const writer = (async () => {
    for (let i = 0; writing; i++) await registerVersions(bench.store, `busy-${i % 5}`, 1);
  })();
  const file = newFile();
  for (let i = 0; i < 3; i++) await bench.store.backup.write(i === 2 ? file : newFile());
  writing = false;
  await writer;
  const store = await openStore(await emptyDatabase(), SCHEMA);
  await store.backup.read(file);
  expect(await store.audit.verify()).toMatchObject({ intact: true });
  const versions = await store.registry.list();
  expect(versions.length).toBeGreaterThan(0);
  // Verified by their digests.
  for (const { digest, goldenDigest } of versions)
    await Promise.all([store.artifacts.get(digest), store.artifacts.get(goldenDigest)]);
  await store.close();
});

test('of an older version it is brought to this one', async () => {
  const older = await emptyDatabase();
  const migrations = await earlierMigrations(2);
  const client = new pg.Client(older);
  await client.connect();
  await client.query(`SET search_path TO ${SCHEMA}`);
  await migrate(client, SCHEMA, migrations);
  await client.query(`INSERT INTO ${SCHEMA}.lifecycles (name, last_run) VALUES ('old', 7)`);
  await client.end();
  const pool = createPool(older, SCHEMA);
  const file = newFile();
  expect(await writeBackup(pool, SCHEMA, file)).toMatchObject({ migration: '0002_routes' });
  await pool.end();

  const url = await emptyDatabase();
  const store = await openStore(url, SCHEMA);
  expect(await store.backup.read(file)).toMatchObject({ migration: '0002_routes' });
  expect(await store.runs.nextNumber('old')).toBe(8);
  expect(await constraints(url)).toEqual(await constraints(bench.url));
  await store.close();
  await (await openStore(url, SCHEMA)).close();
});

test('goes into a database that has no schema yet, under another name', async () => {
  const file = newFile();
  await bench.store.backup.write(file);
  const url = await emptyDatabase();
  const store = await openStore(url, 'staging');
  expect(await store.backup.read(file)).toMatchObject({ schema: SCHEMA });
  expect((await store.registry.list('flights')).length).toBeGreaterThan(1);
  await store.close();
  expect(await contents(url, 'staging')).toEqual(await contents(bench.url));
});

describe('refused, with nothing changed:', () => {
  test('an installation that is not empty', async () => {
    const file = newFile();
    await bench.store.backup.write(file);
    const url = await emptyDatabase();
    const store = await openStore(url, SCHEMA);
    await registerVersions(store, 'mine', 1);
    const before = await contents(url);
    await expect(store.backup.read(file)).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      field: 'PERENNIAL_NAMESPACE',
      message: expect.stringContaining('not empty') as string,
    });
    expect(await contents(url)).toEqual(before);
    await store.close();
  });

  test("somebody else's schema", async () => {
    const file = newFile();
    await bench.store.backup.write(file);
    const url = await emptyDatabase();
    const client = new pg.Client(url);
    await client.connect();
    await client.query(`CREATE SCHEMA theirs; CREATE TABLE theirs.ledger (id integer)`);
    const pool = createPool(url, 'theirs');
    await expect(readBackup(pool, 'theirs', file)).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    expect((await client.query(`SELECT FROM theirs.ledger`)).rowCount).toBe(0);
    await pool.end();
    await client.end();
  });

  test('a file that a newer program wrote', async () => {
    const newer = await emptyDatabase();
    await (await openStore(newer, SCHEMA)).close();
    const client = new pg.Client(newer);
    await client.connect();
    await client.query(`INSERT INTO ${SCHEMA}.migrations VALUES (9999, '9999_future', 'x')`);
    await client.end();
    const pool = createPool(newer, SCHEMA);
    const file = newFile();
    await writeBackup(pool, SCHEMA, file);
    await pool.end();
    await refusal(file, { code: 'SCHEMA_TOO_NEW', value: '9999_future' });
  });

  test('a file that is cut off, longer, damaged anywhere, none of ours, or not there', async () => {
    const whole = newFile();
    await bench.store.backup.write(whole);
    const bytes = await readFile(whole);
    const changed = async (change: (copy: Buffer) => Buffer) => {
      const file = newFile();
      await writeFile(file, change(Buffer.from(bytes)));
      await refusal(file, { code: 'INVALID_INPUT', field: 'file', value: file });
    };
    for (const share of [0, 0.001, 0.3, 0.9])
      await changed((copy) => copy.subarray(0, Math.floor(copy.length * share)));
    await changed((copy) => copy.subarray(0, copy.length - 1));
    await changed((copy) => Buffer.concat([copy, Buffer.from('more')]));
    for (const share of [0.0001, 0.2, 0.5, 0.8, 0.99])
      await changed((copy) => {
        copy[Math.floor(copy.length * share)] ^= 1;
        return copy;
      });
    await changed(() => Buffer.from('PGDMP, or whatever else there is'));
    await refusal(join(folder, 'nowhere'), { code: 'INVALID_INPUT', field: 'file' });
  });

  test('a file that is there already, or in a folder that is not', async () => {
    const file = newFile();
    await writeFile(file, 'mine');
    await expect(bench.store.backup.write(file)).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    expect(await readFile(file, 'utf8')).toBe('mine');
    const nowhere = join(folder, 'nowhere', 'file');
    await expect(bench.store.backup.write(nowhere)).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    expect((await readdir(folder)).filter((name) => name.endsWith('.partial'))).toEqual([]);
  });

  async function refusal(file: string, error: object): Promise<void> {
    const store = await openStore(await emptyDatabase(), SCHEMA);
    await expect(store.backup.read(file)).rejects.toMatchObject(error);
    expect(await store.audit.verify()).toMatchObject({ intact: true, head: { id: 0 } });
    expect(await store.registry.list()).toEqual([]);
    await store.close();
  }
});

/** Names and definitions of what the schema promises. */
async function constraints(url: string): Promise<object[]> {
  const client = new pg.Client(url);
  await client.connect();
  await client.query(`SET search_path TO ${SCHEMA}`);
  const { rows } = await client.query<object>(
    `SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
     WHERE connamespace = '${SCHEMA}'::regnamespace AND conrelid::regclass::text !~ '^predictions_' ORDER BY 1, 2`,
  );
  await client.end();
  return rows;
}

async function earlierMigrations(count: number): Promise<URL> {
  const own = new URL('../../store/migrations/', import.meta.url);
  const copy = join(folder, `migrations-${randomUUID()}`);
  await mkdir(copy);
  for (const name of (await readdir(own)).sort().slice(0, count))
    await cp(new URL(name, own), join(copy, name));
  return pathToFileURL(`${copy}/`);
}
