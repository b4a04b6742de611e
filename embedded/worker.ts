import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { PerennialError } from '../config/errors.ts';
import { childEnvironment, type Environment } from '../config/environment.ts';
import { launch, tail, type RunningProcess } from './launch.ts';

export interface WorkerOptions {
  role: 'orchestrator' | 'trainer' | 'gateway';
  /** Tells two trainers of one home apart. */
  slot: number;
  /** With the addresses of the running servers. */
  environment: Environment;
  log: string;
  onSpawn?: (child: RunningProcess) => void;
}

/** A worker that is ready; a gateway says where it answers. */
export interface RunningWorker extends RunningProcess {
  url?: string;
}

/**
 * Starts a worker process and waits for its message `{ ready: true }`. It ends by itself when this process vanishes.
 *
 * @throws PerennialError STACK_UNAVAILABLE with the end of its log.
 */
export async function startWorker(options: WorkerOptions): Promise<RunningWorker> {
  let onReady: (message: Ready) => void = () => undefined;
  const ready = new Promise<Ready>((resolve) => (onReady = resolve));
  const worker = await launch({
    name: `The ${options.role}`,
    command: process.execPath,
    args: [
      ...(options.role === 'gateway' ? [] : [SMALL_NURSERY]),
      ...nodeArguments(`../workers/${options.role}.ts`),
      String(options.slot),
    ],
    env: childEnvironment(
      variablesOf(options.environment),
      options.role === 'gateway' ? {} : RETURNED_MEMORY,
    ),
    log: options.log,
    onMessage: (message) => {
      if (typeof message === 'object' && message !== null && 'ready' in message) onReady(message);
    },
    stopSignal: 'SIGTERM',
    graceMs: GRACE_MS[options.role],
    onSpawn: options.onSpawn,
  });
  const timeout = new Promise<string>((resolve) =>
    setTimeout(resolve, START_TIMEOUT_MS, 'did not become ready in time').unref(),
  );
  const outcome = await Promise.race([ready, worker.exited, timeout]);
  if (typeof outcome === 'object') return { ...worker, url: outcome.url };
  await worker.stop();
  throw new PerennialError('STACK_UNAVAILABLE', `The ${options.role} ${outcome}.${tail(options.log)}`);
}

/** How Node runs a TypeScript file of this package, wherever the package lies and whatever the working directory is. */
export function nodeArguments(file: string): string[] {
  const tsx = createRequire(import.meta.url).resolve('tsx');
  return ['--import', pathToFileURL(tsx).href, fileURLToPath(new URL(file, import.meta.url))];
}

/** What makes readEnvironment in a child say the same; an empty value hides what this process's own environment says. */
export function variablesOf(environment: Environment): Record<string, string> {
  return {
    PERENNIAL_HOME: environment.home,
    PERENNIAL_CACHE: environment.cache,
    PERENNIAL_NAMESPACE: environment.namespace,
    PERENNIAL_LOG: environment.logLevel,
    PERENNIAL_THREADS: environment.threads === undefined ? '' : String(environment.threads),
    PERENNIAL_GATEWAY_HOST: environment.gateway.host,
    PERENNIAL_GATEWAY_PORT: String(environment.gateway.port),
    PERENNIAL_GATEWAY_PROCESSES: String(environment.gateway.processes),
    TEMPORAL_ADDRESS: environment.temporalAddress ?? '',
    DATABASE_URL: environment.databaseUrl ?? '',
  };
}

/**
 * The memory of what trains and orchestrates, as the Dockerfile has it for every role; a gateway's requests a second are
 * measured without. V8 would give each thread of a process up to 48 MiB for young objects;
 * and glibc keeps what was freed, in heaps of up to eight a core. Blocks of 128 KiB and more go back to the system
 * instead, which is glibc's default until the first of them is freed. With one heap and 1 MiB of young objects a trainer
 * held 481 MiB where it had held 728, in the refit of a forest on 80,000 rows.
 */
const SMALL_NURSERY = '--max-semi-space-size=4';
const RETURNED_MEMORY = {
  MALLOC_ARENA_MAX: '2',
  MALLOC_MMAP_THRESHOLD_: '131072',
  MALLOC_TRIM_THRESHOLD_: '131072',
};

interface Ready {
  ready?: unknown;
  url?: string;
}

const START_TIMEOUT_MS = 120_000;
/** The workers give their activities 5 s to end; a gateway finishes what it accepted and ships its log. */
const GRACE_MS = { orchestrator: 10_000, trainer: 10_000, gateway: 30_000 };
