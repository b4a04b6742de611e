import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { childEnvironment } from '../config/environment.ts';
import { PerennialError } from '../config/errors.ts';
import { launch, tail, type RunningProcess } from './launch.ts';
import { findPostgres, type PostgresBinaries } from './postgresBinaries.ts';
import { chooseUser, type RunAs } from './postgresUser.ts';
import { commandLine, markProcess, stopProcess, waitUntil } from './processes.ts';
import { LOOPBACK } from './ports.ts';

export interface PostgresOptions {
  /** Holds the data and the password; made where it is not there. */
  directory: string;
  port: number;
  log: string;
  /** False for data that may be lost with the machine: tests. Default true. */
  durable?: boolean;
  onProgress?: (message: string) => void;
  onSpawn?: (child: RunningProcess) => void;
}

export interface RunningPostgres extends RunningProcess {
  databaseUrl: string;
}

/**
 * Starts a real Postgres on loopback, with a random password, and waits until it takes connections: 0.2 s on kept data,
 * 2-3 s where the data directory is made, longer after a crash with much to recover.
 *
 * @throws PerennialError STACK_UNAVAILABLE with the end of its log.
 */
export async function startPostgres(options: PostgresOptions): Promise<RunningPostgres> {
  const data = join(options.directory, 'data');
  mkdirSync(options.directory, { recursive: true });
  // The user that Postgres runs as has to pass through.
  chmodSync(options.directory, 0o711);
  const password = readPassword(options.directory);
  const binaries = findPostgres(existsSync(data) ? majorOf(data) : undefined);
  if (!existsSync(data)) await initialize(options, binaries, data, password);
  const runAs = chooseUser(data, binaries.postgres);
  await removeLeftover(data);
  const server = await run(options, binaries, data, runAs);
  return { ...server, databaseUrl: `postgres://${USER}:${password}@${LOOPBACK}:${options.port}/postgres` };
}

const USER = 'perennial';
/** A crash leaves at most `max_wal_size` to replay: seconds on any disk, minutes on the slowest. */
const START_TIMEOUT_MS = 300_000;

/** Sized for a laptop or a small server beside the trainers. */
const SETTINGS = {
  listen_addresses: LOOPBACK,
  unix_socket_directories: '',
  max_connections: '60',
  // A training reads every day of the log, each a table with its indexes.
  max_locks_per_transaction: '256',
  shared_buffers: '128MB',
  work_mem: '8MB',
  maintenance_work_mem: '64MB',
  max_wal_size: '1GB',
  wal_level: 'minimal',
  max_wal_senders: '0',
  jit: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  client_encoding: 'UTF8',
};
const NOT_DURABLE = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };

/** Made beside its place and renamed: an interrupted initdb leaves no half of a data directory behind. */
async function initialize(
  options: PostgresOptions,
  binaries: PostgresBinaries,
  data: string,
  password: string,
): Promise<void> {
  options.onProgress?.('making a new database');
  for (const left of readdirSync(options.directory)) {
    if (left.startsWith('data.')) rmSync(join(options.directory, left), { recursive: true, force: true });
  }
  const draft = `${data}.${process.pid}`;
  mkdirSync(draft, { mode: 0o700 });
  const passwordFile = join(draft, 'password');
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  const runAs = chooseUser(draft, binaries.postgres);
  const into = join(draft, 'data');
  // LC_ALL=C sorts by bytes on every system; the encoding is UTF-8 all the same.
  const args = [
    '-D',
    into,
    '-U',
    USER,
    '--encoding=UTF8',
    '--locale=C',
    '--auth=scram-sha-256',
    `--pwfile=${passwordFile}`,
  ];
  if (options.durable === false) args.push('--no-sync');
  const [command, ...rest] = [...runAs.wrap, binaries.initdb, ...args] as [string, ...string[]];
  try {
    await promisify(execFile)(command, rest, { ...identity(runAs), env: postgresEnvironment(), cwd: '/' });
  } catch (cause) {
    const { stderr, stdout } = cause as { stderr?: string; stdout?: string };
    throw new PerennialError(
      'STACK_UNAVAILABLE',
      `initdb failed: ${(stderr || stdout || String(cause)).trim()}`,
      { cause },
    );
  }
  renameSync(into, data);
  rmSync(draft, { recursive: true });
}

async function run(
  options: PostgresOptions,
  binaries: PostgresBinaries,
  data: string,
  runAs: RunAs,
): Promise<RunningProcess> {
  const settings = { ...SETTINGS, ...(options.durable === false ? NOT_DURABLE : {}) };
  const args = [
    '-D',
    data,
    '-p',
    String(options.port),
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ];
  const [command, ...rest] = [...runAs.wrap, binaries.postgres, ...args] as [string, ...string[]];
  const server = await launch({
    name: 'Postgres',
    command,
    args: rest,
    env: postgresEnvironment(),
    cwd: '/',
    ...identity(runAs),
    log: options.log,
    // "Fast": ends the sessions, writes a checkpoint.
    stopSignal: 'SIGINT',
    graceMs: 60_000,
    onSpawn: options.onSpawn,
  });
  let over = false;
  void server.exited.then(() => (over = true));
  const deadline = performance.now() + START_TIMEOUT_MS;
  while (!over && performance.now() < deadline) {
    if (isReady(data, server.mark.pid)) return server;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  await server.stop();
  throw new PerennialError(
    'STACK_UNAVAILABLE',
    `Postgres ${await server.exited} before it was ready.${tail(options.log)}`,
  );
}

/** The postmaster writes its state on line 8 of its lock file; pg_ctl reads it there too (src/include/utils/pidfile.h). */
function isReady(data: string, pid: number): boolean {
  try {
    const lines = readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n');
    return Number(lines[0]) === pid && lines[7]?.trim() === 'ready';
  } catch {
    return false;
  }
}

/**
 * A lock file whose process is gone is Postgres's own affair, except where the pid was given to somebody else since:
 * then Postgres would refuse to start. A postmaster of this very directory is stopped.
 */
async function removeLeftover(data: string): Promise<void> {
  const file = join(data, 'postmaster.pid');
  if (!existsSync(file)) return;
  const pid = Number(readFileSync(file, 'utf8').split('\n')[0]);
  const mark = markProcess(pid);
  if (mark === undefined) {
    // Postgres takes a zombie for a running server. Once its parent has died too, it is up to process 1 to see it off:
    // in a moment, or never where that is a program in a container.
    if (!(await waitUntil(() => !exists(pid), ZOMBIE_WAIT_MS))) rmSync(file);
    return;
  }
  if (commandLine(mark.pid)?.includes(data)) await stopProcess(mark, 'SIGINT', 60_000);
  else rmSync(file);
}

const ZOMBIE_WAIT_MS = 10_000;

/** As Postgres asks it: also for a zombie, and for a process of somebody else. */
function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

function readPassword(directory: string): string {
  const file = join(directory, 'password');
  if (!existsSync(file))
    writeFileSync(file, randomBytes(24).toString('base64url'), { mode: 0o600, flag: 'wx' });
  return readFileSync(file, 'utf8');
}

function majorOf(data: string): number {
  return Number(readFileSync(join(data, 'PG_VERSION'), 'utf8'));
}

function identity({ uid, gid }: RunAs): { uid?: number; gid?: number } {
  return { uid, gid };
}

/** Without the caller's PG* variables, which would change how it starts. */
function postgresEnvironment(): NodeJS.ProcessEnv {
  const env = childEnvironment({ LC_ALL: 'C', TZ: 'UTC' });
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('PG')));
}
