import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { migrate } from '../../store/migrate.ts';
import { openStore } from '../../store/open.ts';
import { freshDatabase, type FreshDatabase } from '../setup/database.ts';
import { startRun } from './fixtures.ts';

/** A database comes to this program's version once, whoever starts at the same time, or is left as it was. */
let database: FreshDatabase;
let admin: pg.Client;
const KNOWN = (await readdir(new URL('../../store/migrations/', import.meta.url))).length;

beforeEach(async () => {
  database = await freshDatabase();
  admin = new pg.Client({ connectionString: database.url });
  await admin.connect();
});
afterEach(async () => {
  await admin.end();
  await database.drop();
});

async function applied(schema: string): Promise<number[]> {
  const { rows } = await admin.query<{ number: number }>(
    `SELECT number FROM ${pg.escapeIdentifier(schema)}.migrations ORDER BY number`,
  );
  return rows.map(({ number }) => number);
}

describe('opening', () => {
  test('an empty database, by eight processes at a time, runs each migration once', async () => {
    const stores = await Promise.all(Array.from({ length: 8 }, () => openStore(database.url, 'perennial')));
    expect(await applied('perennial')).toEqual(Array.from({ length: KNOWN }, (_, i) => i + 1));
    await Promise.all(stores.map((store) => store.close()));
  });

  test('again keeps what is there', async () => {
    const first = await openStore(database.url, 'perennial');
    await startRun(first, 'kept');
    await first.close();
    const second = await openStore(database.url, 'perennial');
    expect(await second.runs.list()).toMatchObject([{ name: 'kept', number: 1 }]);
    await second.close();
  });

  test('two installations in one database know nothing of each other, whatever they are called', async () => {
    const names = ['perennial', 'Staging "x"; DROP SCHEMA perennial --'];
    const stores = await Promise.all(names.map((name) => openStore(database.url, name)));
    await startRun(stores[0], 'mine');
    expect(await stores[1].runs.list()).toEqual([]);
    await startRun(stores[1], 'mine');
    expect(await stores[0].runs.list()).toHaveLength(1);
    for (const name of names) expect(await applied(name)).toHaveLength(KNOWN);
    await Promise.all(stores.map((store) => store.close()));
  });

  test('a schema of a newer program is refused and left alone', async () => {
    await (await openStore(database.url, 'perennial')).close();
    await admin.query(`INSERT INTO perennial.migrations VALUES ($1, '9999_future', 'x')`, [KNOWN + 1]);
    await expect(openStore(database.url, 'perennial')).rejects.toMatchObject({
      code: 'SCHEMA_TOO_NEW',
      value: '9999_future',
    });
    expect(await applied('perennial')).toHaveLength(KNOWN + 1);
  });

  test('a migration that was edited after it was applied is refused', async () => {
    await (await openStore(database.url, 'perennial')).close();
    await admin.query(`UPDATE perennial.migrations SET checksum = 'other' WHERE number = 1`);
    await expect(openStore(database.url, 'perennial')).rejects.toMatchObject({
      code: 'INTERNAL',
      field: '0001_foundation',
    });
  });

  test('works for a role that may neither create nor switch triggers off', async () => {
    await (await openStore(database.url, 'perennial')).close();
    const role = `worker_${new URL(database.url).pathname.slice(1)}`;
    // As docs/operations.md says.
    await admin.query(`
      CREATE ROLE ${role} LOGIN PASSWORD 'secret';
      GRANT USAGE ON SCHEMA perennial TO ${role};
      GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA perennial TO ${role};`);
    const url = new URL(database.url);
    url.username = role;
    url.password = 'secret';
    try {
      const store = await openStore(url.href, 'perennial');
      const { name, number } = await startRun(store, 'restricted');
      await store.artifacts.put(Buffer.from('bytes'), 'report', 'text/plain');
      await store.runs.close(name, number, { status: 'failed', reason: '' });
      await admin.query(`
        SET session_replication_role = replica; -- Else inserting it would remove it.
        INSERT INTO perennial.gateways VALUES ('gone', '', 1, 'epoch', 'epoch', NULL, '{}', '[]', '[]', 0);
        RESET session_replication_role`);
      const state = {
        url: '',
        pid: 1,
        startedAt: new Date().toISOString(),
        revisions: {},
        loaded: [],
        failed: [],
      };
      await store.gateways.renew({ id: 'here', ...state, dropped: 0 });
      expect((await admin.query(`SELECT id FROM perennial.gateways`)).rows).toEqual([{ id: 'here' }]);
      expect(await store.audit.verify()).toMatchObject({ intact: true, head: { id: 2 } });
      await store.close();
      const client = new pg.Client({ connectionString: url.href });
      await client.connect();
      await expect(client.query(`ALTER TABLE perennial.audit DISABLE TRIGGER USER`)).rejects.toMatchObject({
        code: '42501',
      });
      await client.end();
    } finally {
      await admin.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
    }
  });
});

describe('a migration that fails', () => {
  let folder: string;
  beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'perennial-migrations-'))));
  afterEach(() => rm(folder, { recursive: true }));

  async function run(): Promise<void> {
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await client.query(`SET search_path TO trial`);
    try {
      await migrate(client, 'trial', pathToFileURL(`${folder}/`));
    } finally {
      await client.end();
    }
  }

  test('leaves nothing of itself, keeps those before it, and is tried again', async () => {
    await writeFile(join(folder, '0001_one.sql'), 'CREATE TABLE one (a int);');
    await writeFile(join(folder, '0002_two.sql'), 'CREATE TABLE two (a int); SELECT 1 / 0;');
    await expect(run()).rejects.toMatchObject({ code: '22012' });
    expect(await applied('trial')).toEqual([1]);
    expect((await admin.query(`SELECT to_regclass('trial.two') AS two`)).rows).toEqual([{ two: null }]);
    await writeFile(join(folder, '0002_two.sql'), 'CREATE TABLE two (a int);');
    await run();
    expect(await applied('trial')).toEqual([1, 2]);
  });

  test('files with other line endings are the same migrations', async () => {
    await writeFile(join(folder, '0001_one.sql'), 'CREATE TABLE one (\n  a int\n);\n');
    await run();
    await writeFile(join(folder, '0001_one.sql'), 'CREATE TABLE one (\r\n  a int\r\n);\r\n');
    await run();
    expect(await applied('trial')).toEqual([1]);
  });

  test.each(['0003_three.sql', 'two.sql', '2_two.sql'])(
    'a file called %s is refused before anything runs',
    async (file) => {
      await writeFile(join(folder, '0001_one.sql'), 'CREATE TABLE one (a int);');
      await writeFile(join(folder, file), 'CREATE TABLE other (a int);');
      await expect(run()).rejects.toMatchObject({ code: 'INTERNAL' });
      expect((await admin.query(`SELECT FROM pg_namespace WHERE nspname = 'trial'`)).rowCount).toBe(0);
    },
  );
});
