import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { readEnvironment } from '../../config/environment.ts';

const run = promisify(execFile);

/**
 * A Python with these packages, in an environment that all clones share: minutes and hundreds of megabytes the first
 * time, nothing afterwards. Where it cannot be made, the reason why: no Python, no registry.
 *
 * @param packages as pip takes them; their own dependencies have the versions that `pins` says
 * @param pins a file of lines `name==version`
 */
export async function pythonWith(
  packages: readonly string[],
  pins: string,
): Promise<{ python: string } | { reason: string }> {
  const { cache } = readEnvironment();
  const wanted = JSON.stringify([packages, readFileSync(pins, 'utf8'), process.platform, process.arch]);
  const directory = join(cache, `python-${createHash('sha256').update(wanted).digest('hex').slice(0, 16)}`);
  const python = join(directory, ...INTERPRETER);
  if (existsSync(python)) return { python };
  // Beside its place and renamed: what was interrupted is not taken for whole, and two who make it do not meet.
  const draft = `${directory}.${process.pid}`;
  try {
    mkdirSync(cache, { recursive: true });
    await run(process.platform === 'win32' ? 'python' : 'python3', ['-m', 'venv', draft]);
    const install = ['-m', 'pip', 'install', ...PIP_OPTIONS, '-c', pins, ...packages];
    await run(join(draft, ...INTERPRETER), install, { maxBuffer: 2 ** 26 });
    if (!existsSync(python)) renameSync(draft, directory);
    return { python };
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string };
    const lines = (stderr || message).trim().split('\n');
    const why = lines.find((line) => line.startsWith('ERROR')) ?? lines.at(-1);
    return { reason: `Python or its packages cannot be had here: ${why?.slice(0, 200)}` };
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

const INTERPRETER = process.platform === 'win32' ? ['Scripts', 'python.exe'] : ['bin', 'python'];
/** Wheels alone, so that nothing is built; a registry that does not answer is given up soon. */
const PIP_OPTIONS = '--quiet --no-compile --only-binary :all: --retries 1 --timeout 15'.split(' ');
