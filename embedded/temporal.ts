import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { PerennialError } from '../config/errors.ts';
import { childEnvironment } from '../config/environment.ts';
import { launch, tail, type RunningProcess } from './launch.ts';
import { LOOPBACK, waitForPort } from './ports.ts';

export interface TemporalOptions {
  /** From findTemporal. */
  binary: string;
  /** Where its database lies. */
  directory: string;
  namespace: string;
  port: number;
  /** Without one there is no Web UI. */
  uiPort?: number;
  log: string;
  onSpawn?: (child: RunningProcess) => void;
}

/**
 * Starts a Temporal development server on loopback and waits until it accepts connections (about a second).
 * State, timers and running activities survive a SIGKILL.
 *
 * @throws PerennialError STACK_UNAVAILABLE with the end of its log.
 */
export async function startTemporal(options: TemporalOptions): Promise<RunningProcess> {
  // Histories hold names and numbers of somebody's data.
  mkdirSync(options.directory, { recursive: true, mode: 0o700 });
  const server = await launch({
    name: 'Temporal',
    command: options.binary,
    args: serverArguments(options),
    // Somebody's own profile file must not change how this server starts.
    env: childEnvironment({ TEMPORAL_CONFIG_FILE: join(options.directory, 'no-profile.toml') }),
    log: options.log,
    stopSignal: 'SIGTERM',
    // It ends by itself after 3.5 s; the write-ahead log makes a kill harmless.
    graceMs: 10_000,
    onSpawn: options.onSpawn,
  });
  if (await waitForPort(options.port, START_TIMEOUT_MS, server.exited)) return server;
  await server.stop();
  throw new PerennialError(
    'STACK_UNAVAILABLE',
    `The Temporal server ${await server.exited} before it answered on port ${options.port}.${tail(options.log)}`,
  );
}

const START_TIMEOUT_MS = 60_000;

function serverArguments({ directory, namespace, port, uiPort }: TemporalOptions): string[] {
  return [
    'server',
    'start-dev',
    ...['--ip', LOOPBACK, '--port', String(port), '--namespace', namespace],
    ...(uiPort === undefined ? ['--headless'] : ['--ui-ip', LOOPBACK, '--ui-port', String(uiPort)]),
    ...['--db-filename', join(directory, 'temporal.db')],
    // 7 activities/s with the default pragmas on a file, 51/s with these (2 cores).
    ...['--sqlite-pragma', 'journal_mode=WAL', '--sqlite-pragma', 'synchronous=NORMAL'],
    // A workflow step takes 43-52 ms with these, 101 ms without; a continue-as-new 0.11 s instead of 1 s.
    ...['--dynamic-config-value', 'system.enableActivityEagerExecution=true'],
    ...['--dynamic-config-value', 'history.workflowIdReuseMinimalInterval="10ms"'],
    ...['--dynamic-config-value', 'matching.numTaskqueueReadPartitions=1'],
    ...['--dynamic-config-value', 'matching.numTaskqueueWritePartitions=1'],
    ...['--log-level', 'warn', '--color', 'never'],
  ];
}
