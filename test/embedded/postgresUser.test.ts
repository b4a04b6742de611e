import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { choosePorts } from '../../embedded/ports.ts';
import { startPostgres } from '../../embedded/postgres.ts';

/** Postgres runs for everybody: an ordinary user, root, and root in a place where nobody else may look. */

const isRoot = process.getuid?.() === 0;
let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'perennial-user-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

test('it starts under a directory that every user can enter', async () => {
  chmodSync(home, 0o755);
  expect(await runTwice()).toEqual({ rows: [{ n: 1 }, { n: 2 }], droppedRoot: isRoot });
});

test('it starts under a directory that only its owner can enter', async () => {
  chmodSync(home, 0o700);
  expect(await runTwice()).toEqual({ rows: [{ n: 1 }, { n: 2 }], droppedRoot: false });
});

test('it starts for an ordinary user', async ({ skip }) => {
  skip(!isRoot, 'the tests before this one ran as an ordinary user already');
  const user = 65_534;
  chownSync(home, user, user);
  const script = fileURLToPath(new URL('./oncePostgres.ts', import.meta.url));
  const { postgres: port } = await choosePorts(join(home, 'ports'));
  try {
    execFileSync(process.execPath, ['--version'], { uid: user, gid: user, cwd: '/' });
    execFileSync('/bin/sh', ['-c', 'test -r "$0"', script], { uid: user, gid: user, cwd: '/' });
  } catch {
    skip('an ordinary user can reach neither Node nor this clone');
  }
  const output = execFileSync(
    process.execPath,
    ['--import', 'tsx', script, join(home, 'own'), String(port)],
    {
      uid: user,
      gid: user,
      encoding: 'utf8',
      env: { PATH: process.env.PATH, HOME: home, TMPDIR: home },
    },
  );
  expect(output.trim()).toBe('perennial');
  expect(statSync(join(home, 'own', 'data')).uid).toBe(user);
});

async function runTwice(): Promise<{ rows: unknown[]; droppedRoot: boolean }> {
  const { postgres: port } = await choosePorts(home);
  const options = {
    directory: join(home, 'postgres'),
    port,
    log: join(home, 'postgres.log'),
    durable: false,
  };
  let rows: unknown[] = [];
  for (const n of [1, 2]) {
    const server = await startPostgres(options);
    const client = new pg.Client(server.databaseUrl);
    await client.connect();
    await client.query('CREATE TABLE IF NOT EXISTS runs (n int)');
    await client.query('INSERT INTO runs VALUES ($1)', [n]);
    ({ rows } = await client.query<Record<string, unknown>>('SELECT n FROM runs ORDER BY n'));
    await client.end();
    await server.stop();
  }
  return { rows, droppedRoot: isRoot && statSync(join(home, 'postgres', 'data')).uid !== 0 };
}
