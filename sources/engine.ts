import { DuckDBInstance, type DuckDBConnection, type DuckDBResult, type DuckDBValue } from '@duckdb/node-api';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { PerennialError } from '../config/errors.ts';
import { MEBIBYTE } from '../config/units.ts';
import { escapeGlob, quoteText } from './quote.ts';

/** What a query may use. DuckDB's own default is 80 % of the machine (18.8 GiB measured on 23 GiB), so it is set here. */
export interface EngineOptions {
  /** A folder for spilling; every engine makes its own folder in it and removes that on closing. */
  scratch: string;
  /** Default 1,500 MB. Larger intermediate results spill to `scratch`. */
  memoryLimitBytes?: number;
  /** Default 1. A join or window written by two threads gave four digests in four runs. */
  threads?: number;
}

export interface RunOptions {
  signal?: AbortSignal;
  /** Called about once a second while a statement runs, with the share that is done (0..1, or -1 where unknown). */
  onProgress?: (share: number) => void;
}

export const DEFAULT_MEMORY_LIMIT_BYTES = 1_500_000_000;

/** One in-memory DuckDB with one connection. No extension is ever fetched; times without a zone are UTC. */
export async function openEngine(options: EngineOptions): Promise<Engine> {
  await mkdir(options.scratch, { recursive: true });
  const folder = await mkdtemp(join(options.scratch, 'duckdb-'));
  const limit = options.memoryLimitBytes ?? DEFAULT_MEMORY_LIMIT_BYTES;
  const instance = await DuckDBInstance.create(':memory:', {
    threads: String(options.threads ?? 1),
    memory_limit: `${Math.max(64, Math.floor(limit / MEBIBYTE))}MiB`,
    temp_directory: folder,
    preserve_insertion_order: 'true',
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    allow_community_extensions: 'false',
    allow_persistent_secrets: 'false',
  });
  const connection = await instance.connect();
  // The machine's zone would change what a cast to TIMESTAMPTZ means. GLOBAL, because further connections ask too.
  await connection.run(`SET GLOBAL TimeZone = 'UTC'`);
  await connection.run('SET enable_progress_bar = true');
  await connection.run('SET enable_progress_bar_print = false'); // counted, not shown
  return new Engine(instance, connection, folder);
}

export class Engine {
  readonly #instance: DuckDBInstance;
  /** Where it spills; absent in a further connection, which owns nothing. */
  readonly #folder: string | undefined;
  readonly connection: DuckDBConnection;

  constructor(instance: DuckDBInstance, connection: DuckDBConnection, folder?: string) {
    this.#instance = instance;
    this.connection = connection;
    this.#folder = folder;
  }

  /**
   * Closes every other file and the network to whatever runs from now on, for good: the configuration is locked.
   * Spilling goes on working.
   */
  async lock(allowedPaths: string[]): Promise<void> {
    // A path is compared as it is written in the query, so the escaped spelling is allowed as well.
    const paths = [...new Set(allowedPaths.flatMap((path) => [path, escapeGlob(path)]))];
    await this.connection.run(`SET allowed_paths = [${paths.map(quoteText).join(', ')}]`);
    await this.connection.run('SET enable_external_access = false');
    await this.connection.run('SET lock_configuration = true');
  }

  /** Runs one statement to its end. @throws PerennialError CANCELLED; DuckDB's own Error otherwise */
  async run(sql: string, options: RunOptions = {}): Promise<Record<string, DuckDBValue>[]> {
    return this.#guarded(options, async () => (await this.connection.runAndReadAll(sql)).getRowObjects());
  }

  /** The only row of a query. */
  async row(sql: string, options: RunOptions = {}): Promise<Record<string, DuckDBValue>> {
    return (await this.run(sql, options))[0] ?? {};
  }

  /** Rows in chunks of 2,048, computed as they are fetched. Take every chunk before the next statement. */
  async stream(sql: string, options: RunOptions = {}): Promise<DuckDBResult> {
    return this.#guarded(options, async () => this.connection.stream(sql));
  }

  /** A further connection to the same tables: a result that is being streamed allows no other statement on its own. */
  async session(): Promise<Engine> {
    return new Engine(this.#instance, await this.#instance.connect());
  }

  async close(): Promise<void> {
    this.connection.closeSync();
    if (this.#folder === undefined) return;
    this.#instance.closeSync();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #guarded<T>(options: RunOptions, work: () => Promise<T>): Promise<T> {
    const { signal, onProgress } = options;
    throwIfCancelled(signal);
    const interrupt = () => this.connection.interrupt();
    signal?.addEventListener('abort', interrupt, { once: true });
    const timer =
      onProgress &&
      setInterval(() => {
        const { percentage } = this.connection.progress;
        onProgress(percentage < 0 ? -1 : percentage / 100);
      }, 1000);
    try {
      return await work();
    } catch (error) {
      if (signal?.aborted) throw cancelled(signal);
      throw error;
    } finally {
      clearInterval(timer);
      signal?.removeEventListener('abort', interrupt);
    }
  }
}

export function cancelled(signal: AbortSignal): PerennialError {
  return new PerennialError('CANCELLED', 'The work was cancelled.', { cause: signal.reason });
}

/** @throws PerennialError CANCELLED */
export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw cancelled(signal);
}
