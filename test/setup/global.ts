import { spawn } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';
import { readEnvironment } from '../../config/environment.ts';
import type { RunningProcess } from '../../embedded/launch.ts';
import { choosePorts, LOOPBACK } from '../../embedded/ports.ts';
import { startPostgres } from '../../embedded/postgres.ts';
import { startTemporal } from '../../embedded/temporal.ts';
import { findTemporal } from '../../embedded/temporalBinary.ts';
import { prepareNamespace } from '../../embedded/namespace.ts';
import { bundleWorkflows } from '../../workers/bundle.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** host:port of the Temporal server that all test files share. */
    temporalAddress: string;
    /** A superuser's address on the Postgres that all test files share; see freshDatabase. */
    databaseUrl: string;
    /** See workflowBundle; an error's text where bundling failed, so that tests without workflows can run all the same. */
    workflowBundle: { codePath: string } | { error: string };
  }
}

/** One Temporal server, one Postgres and one workflow bundle for the whole run, in a home that is removed afterwards. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const environment = readEnvironment();
  const home = mkdtempSync(join(tmpdir(), 'perennial-test-'));
  const stops: (() => Promise<void>)[] = [];
  const guard = startGuard(home);
  const onSpawn = ({ mark }: RunningProcess) => void guard.write(`${mark.pid}\n`);
  const teardown = async () => {
    await Promise.all(stops.map((stop) => stop()));
    guard.end();
  };
  try {
    const ports = await choosePorts(home);
    const temporalAddress = `${LOOPBACK}:${ports.temporal}`;
    const temporal = async () => {
      const binary = await findTemporal(environment, { onProgress: report });
      const directory = join(home, 'temporal');
      const log = join(home, 'logs', 'temporal.log');
      const server = await startTemporal({
        binary,
        directory,
        namespace: 'perennial',
        port: ports.temporal,
        log,
        onSpawn,
      });
      stops.push(() => server.stop());
      await prepareNamespace({ ...environment, temporalAddress, namespace: 'perennial' });
    };
    const postgres = async () => {
      const log = join(home, 'logs', 'postgres.log');
      const server = await startPostgres({
        directory: join(home, 'postgres'),
        port: ports.postgres,
        log,
        durable: false,
        onSpawn,
      });
      stops.push(() => server.stop());
      return server.databaseUrl;
    };
    const [databaseUrl, workflowBundle] = await Promise.all([postgres(), bundle(home), temporal()]);
    project.provide('temporalAddress', temporalAddress);
    project.provide('databaseUrl', databaseUrl);
    project.provide('workflowBundle', workflowBundle);
  } catch (error) {
    await teardown();
    throw error;
  }
  return teardown;
}

async function bundle(home: string): Promise<{ codePath: string } | { error: string }> {
  try {
    const { code } = await bundleWorkflows();
    const codePath = join(home, 'workflows.js');
    writeFileSync(codePath, code);
    return { codePath };
  } catch (error) {
    return { error: String(error) };
  }
}

function report(message: string): void {
  process.stderr.write(`set-up: ${message}\n`);
}

/** A process that outlives this one, to clean up after it where nobody else can. */
function startGuard(home: string): Writable {
  const script = fileURLToPath(new URL('./guard.mjs', import.meta.url));
  const guard = spawn(process.execPath, [script, home], {
    detached: true,
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  guard.unref();
  return guard.stdin;
}
