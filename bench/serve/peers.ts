import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { childEnvironment } from '../../config/environment.ts';
import { launch, tail } from '../../embedded/launch.ts';
import type { Bed } from './gateways.ts';
import { findFreePort } from './freePort.ts';
import { MAX_DEPTH, trainingRows, TREES } from './model.ts';

export const PEERS = {
  fastapi: { title: 'FastAPI + ONNX Runtime', modules: ['fastapi', 'uvicorn', 'onnxruntime'] },
  bentoml: { title: 'BentoML', modules: ['bentoml', 'onnxruntime'] },
  mlflow: { title: 'MLflow serve', modules: ['mlflow', 'sklearn'] },
} as const;
export type PeerName = keyof typeof PEERS;

export interface Peer {
  url: string;
  pid: number;
  /** Of its packages, for the record. */
  versions: string;
}

const FOLDER = fileURLToPath(new URL('./peers/', import.meta.url));
const run = promisify(execFile);

/**
 * Starts a peer with the first of these Pythons that has its modules.
 *
 * @param modelFile the ONNX file
 * @returns undefined where none has them
 */
export async function startPeer(
  bed: Bed,
  name: PeerName,
  pythons: readonly string[],
  modelFile: string,
): Promise<Peer | undefined> {
  const found = await findPython(name, pythons);
  if (!found) return undefined;
  const { python, versions } = found;
  const port = await findFreePort();
  const log = join(bed.home, 'logs', `${name}.log`);
  const peer = await launch({
    name: PEERS[name].title,
    command: python,
    args: await argumentsOf(bed, name, python, port),
    env: childEnvironment({
      MODEL: modelFile,
      PATH: `${dirname(python)}${delimiter}${process.env.PATH ?? ''}`,
      MLFLOW_DISABLE_TELEMETRY: 'true',
      BENTOML_DO_NOT_TRACK: 'True',
      DO_NOT_TRACK: 'true',
    }),
    cwd: bed.home,
    log,
    stopSignal: 'SIGTERM',
    graceMs: 10_000,
  });
  bed.onClose(async () => {
    await peer.stop();
    // Its workers are in its process group; those that it left behind go with it.
    try {
      process.kill(-peer.mark.pid, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  });
  const url = `http://127.0.0.1:${port}`;
  if (!(await answers(url, peer.exited))) throw new Error(`${PEERS[name].title} did not start.${tail(log)}`);
  return { url, pid: peer.mark.pid, versions };
}

async function findPython(name: PeerName, pythons: readonly string[]) {
  const { modules } = PEERS[name];
  const told = [...modules, ...(name === 'fastapi' ? ['uvloop', 'httptools'] : [])];
  const script = `
import sys
from importlib.metadata import version, PackageNotFoundError
for name in ${JSON.stringify(modules)}:
    __import__(name)
names = [{'sklearn': 'scikit-learn'}.get(name, name) for name in ${JSON.stringify(told)}]
def said(name):
    try:
        return name + ' ' + version(name)
    except PackageNotFoundError:
        return 'no ' + name
print('Python ' + sys.version.split()[0], *map(said, names), sep=', ')
`;
  for (const python of pythons) {
    try {
      const { stdout } = await run(python, ['-c', script]);
      return { python, versions: stdout.trim() };
    } catch {
      // It has them not.
    }
  }
  return undefined;
}

async function argumentsOf(bed: Bed, name: PeerName, python: string, port: number): Promise<string[]> {
  const at = ['--host', '127.0.0.1', '--port', String(port)];
  switch (name) {
    case 'fastapi':
      return [
        '-m',
        'uvicorn',
        '--app-dir',
        FOLDER,
        'fastapi_app:app',
        ...at,
        '--log-level',
        'warning',
        '--no-access-log',
      ];
    case 'bentoml':
      return ['-m', 'bentoml', 'serve', 'bento_service:Forest', '--working-dir', FOLDER, ...at];
    case 'mlflow': {
      const [rows, model] = [join(bed.home, 'rows.json'), join(bed.home, 'mlflow')];
      const { batch, truth } = trainingRows();
      const columns = Object.values(batch.columns) as Float64Array[];
      const x = Array.from(truth, (_, row) => columns.map((column) => column[row]));
      writeFileSync(rows, JSON.stringify({ x, y: [...truth], trees: TREES, depth: MAX_DEPTH }));
      await run(python, [join(FOLDER, 'mlflow_model.py'), rows, model]);
      return ['-m', 'mlflow', 'models', 'serve', '-m', model, ...at, '--env-manager', 'local', '-w', '1'];
    }
  }
}

/** Whether anything answers HTTP there within two minutes: MLflow takes its time. */
async function answers(url: string, gone: Promise<string>): Promise<boolean> {
  let over = false;
  void gone.then(() => (over = true));
  const deadline = performance.now() + 120_000;
  while (!over && performance.now() < deadline) {
    try {
      await (await fetch(url)).arrayBuffer();
      return true;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
  return false;
}
