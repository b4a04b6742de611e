import { join } from 'node:path';
import type { Environment } from '../config/environment.ts';
import { PerennialError } from '../config/errors.ts';
import { openStore } from '../store/open.ts';
import type { RunningProcess } from './launch.ts';
import { lockHome } from './lock.ts';
import { prepareNamespace } from './namespace.ts';
import { keepRunning, type Part, type PartChange } from './part.ts';
import { choosePorts, LOOPBACK, type Ports } from './ports.ts';
import { startPostgres } from './postgres.ts';
import { markProcess, type ProcessMark } from './processes.ts';
import { removeStack, stopLeftovers, writeStack, type PartName, type StackInfo } from './stackFile.ts';
import { startTemporal } from './temporal.ts';
import { findTemporal } from './temporalBinary.ts';
import { startWorker, type WorkerOptions } from './worker.ts';

export interface StackOptions {
  environment: Environment;
  /** What a person who waits may want to read. */
  onEvent?: (event: StackEvent) => void;
  /** How many processes of each kind; default one. */
  workers?: Partial<Record<WorkerOptions['role'], number>>;
  /** Ends a start that is under way and everything that it started so far. */
  signal?: AbortSignal;
}

export interface StackEvent {
  part: PartName | 'stack';
  state: 'working' | 'ready' | 'stopped' | PartChange['state'];
  message: string;
}

export interface Stack {
  /** As it is now: a part that was started again has another pid, and the same port. */
  readonly info: StackInfo;
  /** The gateway first, then the workers, Temporal, Postgres. May be called twice. */
  stop(): Promise<void>;
}

/**
 * Starts everything that TEMPORAL_ADDRESS and DATABASE_URL do not replace, as children of this process, and starts
 * again whatever of it dies. Resolves when every worker is ready.
 *
 * @throws PerennialError STACK_UNAVAILABLE or CANCELLED; nothing is left running.
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const unlock = lockHome(options.environment.home);
  try {
    await stopLeftovers(options.environment.home);
    const stack = new LocalStack(options, await choosePorts(options.environment.home), unlock);
    await stack.start();
    return stack;
  } catch (error) {
    unlock();
    throw error;
  }
}

class LocalStack implements Stack {
  readonly info: StackInfo;
  /** In the order in which they stop. */
  readonly #layers: Record<Layer, Part[]> = { gateways: [], workers: [], temporal: [], postgres: [] };
  readonly #halt = new AbortController();
  #stopped: Promise<void> | undefined;

  constructor(
    private readonly options: StackOptions,
    private readonly ports: Ports,
    private readonly unlock: () => void,
  ) {
    const { environment } = options;
    this.info = {
      supervisor: markProcess(process.pid) as ProcessMark,
      ready: false,
      home: environment.home,
      namespace: environment.namespace,
      temporalAddress: environment.temporalAddress ?? `${LOOPBACK}:${ports.temporal}`,
      databaseUrl: environment.databaseUrl ?? '',
      ...(environment.temporalAddress ? {} : { uiUrl: `http://${LOOPBACK}:${ports.ui}` }),
      parts: {},
      startedAt: new Date().toISOString(),
    };
  }

  async start(): Promise<void> {
    const { signal } = this.options;
    const stop = () => void this.stop();
    signal?.addEventListener('abort', stop, { once: true });
    try {
      signal?.throwIfAborted();
      writeStack(this.info);
      await Promise.all([this.#startTemporal(), this.#startPostgres()]);
      await this.#startWorkers();
      this.info.ready = true;
      writeStack(this.info);
    } catch (error) {
      await this.stop();
      throw signal?.aborted
        ? new PerennialError('CANCELLED', 'The start of the stack was cancelled.', { cause: error })
        : error;
    } finally {
      signal?.removeEventListener('abort', stop);
    }
  }

  stop(): Promise<void> {
    return (this.#stopped ??= this.#stopAll());
  }

  async #stopAll(): Promise<void> {
    this.#halt.abort();
    const { gateways, workers, temporal, postgres } = this.#layers;
    for (const layer of [gateways, workers, temporal, postgres])
      await Promise.all(layer.map((part) => part.stop()));
    removeStack(this.info.home);
    this.unlock();
    this.#emit('stack', 'stopped', 'every process is stopped');
  }

  async #startTemporal(): Promise<void> {
    const { environment } = this.options;
    const { signal } = this.#halt;
    if (!environment.temporalAddress) {
      const binary = await findTemporal(environment, {
        signal,
        onProgress: (message) => this.#emit('temporal', 'working', message),
      });
      const directory = join(environment.home, 'temporal');
      const { temporal: port, ui: uiPort } = this.ports;
      await this.#keep('temporal', 'temporal', (common) =>
        startTemporal({ binary, directory, namespace: environment.namespace, port, uiPort, ...common }),
      );
    }
    await prepareNamespace({ ...environment, temporalAddress: this.info.temporalAddress }, signal);
    this.#emit('temporal', 'ready', `Temporal is at ${this.info.temporalAddress}`);
  }

  async #startPostgres(): Promise<void> {
    const { environment } = this.options;
    if (!environment.databaseUrl) {
      const directory = join(environment.home, 'postgres');
      const onProgress = (message: string) => this.#emit('postgres', 'working', message);
      await this.#keep('postgres', 'postgres', async (common) => {
        const server = await startPostgres({ directory, port: this.ports.postgres, onProgress, ...common });
        this.info.databaseUrl = server.databaseUrl;
        return server;
      });
    }
    const store = await openStore(this.info.databaseUrl, environment.namespace);
    await store.close();
    this.#emit('postgres', 'ready', 'Postgres is ready');
  }

  async #startWorkers(): Promise<void> {
    const { orchestrator = 1, trainer = 1, gateway = 1 } = this.options.workers ?? {};
    const { temporalAddress, databaseUrl } = this.info;
    const environment = { ...this.options.environment, temporalAddress, databaseUrl };
    const start = async (name: PartName, role: WorkerOptions['role'], slot: number) => {
      await this.#keep('workers', name, (common) => startWorker({ role, slot, environment, ...common }));
      this.#emit(name, 'ready', `${name} is ready`);
    };
    await Promise.all([
      ...Array.from({ length: gateway }, (_, slot) => this.#startGateway(slot, environment)),
      ...Array.from({ length: orchestrator }, (_, slot) =>
        start(`orchestrator-${slot}`, 'orchestrator', slot),
      ),
      ...Array.from({ length: trainer }, (_, slot) => start(`trainer-${slot}`, 'trainer', slot)),
    ]);
  }

  /** A gateway that is started again has the same address: clients go on with it. */
  async #startGateway(slot: number, given: Environment): Promise<void> {
    const environment = {
      ...given,
      gateway: { ...given.gateway, port: given.gateway.port || this.ports.gateway },
    };
    const name: PartName = `gateway-${slot}`;
    await this.#keep('gateways', name, async (common) => {
      const gateway = await startWorker({ role: 'gateway', slot, environment, ...common });
      this.info.gatewayUrl = gateway.url;
      return gateway;
    });
    this.#emit(name, 'ready', `the gateway is at ${this.info.gatewayUrl}`);
  }

  async #keep(
    layer: Layer,
    name: PartName,
    start: (common: Common) => Promise<RunningProcess>,
  ): Promise<void> {
    this.#halt.signal.throwIfAborted();
    const log = join(this.info.home, 'logs', `${name}.log`);
    const part = keepRunning(
      (onSpawn) => start({ log, onSpawn: (child) => (onSpawn(child), this.#record(name, child.mark)) }),
      ({ state, message }) => this.#emit(name, state, `${name} ${message}`),
    );
    this.#layers[layer].push(part);
    await part.started;
  }

  #record(name: PartName, mark: ProcessMark): void {
    this.info.parts[name] = mark;
    writeStack(this.info);
  }

  #emit(part: StackEvent['part'], state: StackEvent['state'], message: string): void {
    this.options.onEvent?.({ part, state, message });
  }
}

type Layer = 'gateways' | 'workers' | 'temporal' | 'postgres';

interface Common {
  log: string;
  onSpawn: (child: RunningProcess) => void;
}
