// node embedded/bootstrap.mjs start|test [arguments]
// The first thing that runs in a fresh clone: needs Node and nothing else, installs the locked dependencies, and then
// runs the program in this same process, so that signals and the exit code are its own.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const programs = {
  start: async () => {
    (await import('tsx/cjs/api')).register();
    (await import('tsx/esm/api')).register();
    await run('client/start.ts', []);
  },
  test: async () => {
    const manifest = createRequire(import.meta.url).resolve('vitest/package.json');
    await run(join(dirname(manifest), 'vitest.mjs'), ['run']);
  },
};

const [name = '', ...rest] = process.argv.slice(2);
if (!Object.hasOwn(programs, name))
  end(2, `Usage: node embedded/bootstrap.mjs ${Object.keys(programs).join('|')} [arguments]`);
checkNode();
endWithNpm();
await install();
await programs[name]();

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 11)) return;
  end(1, `Perennial needs Node 20.11 or newer; this is Node ${process.versions.node} (${process.execPath}).`);
}

/**
 * `npm start` is npm, a shell and this process; npm passes SIGTERM on to the shell alone, which dies of it. Without npm
 * nobody could stop what runs here, so its end is a SIGTERM to this process.
 */
function endWithNpm() {
  if (process.env.npm_lifecycle_event === undefined || process.platform === 'win32') return;
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    process.kill(process.pid, 'SIGTERM');
  }, 250);
  watch.unref();
}

/** Whether the installed packages are those of the lock file is told by a copy of the lock file's hash beside them. */
async function install() {
  const lock = join(root, 'package-lock.json');
  const stamp = join(root, 'node_modules', '.perennial-lock');
  const wanted = `${createHash('sha256').update(readFileSync(lock)).digest('hex')} ${process.platform}-${process.arch}\n`;
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  const started = Date.now();
  process.stderr.write('Installing the locked dependencies (npm ci, about a minute) ...\n');
  const { status, signal, error } = await runNpm([
    'ci',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ]);
  if (signal) return await endBy(signal);
  if (error || status !== 0) {
    end(
      1,
      `The dependencies could not be installed (${error ? error.message : `npm ci ended with ${status}`}).\n` +
        'Check that the npm registry can be reached (npm ping), and run `npm ci --ignore-scripts` here to see more.',
    );
  }
  writeFileSync(stamp, wanted);
  process.stderr.write(`Installed in ${Math.round((Date.now() - started) / 1000)} s.\n`);
}

/** A signal to this process ends npm too, and is told as `signal` once npm is gone. */
async function runNpm(args) {
  let received;
  const pass = (signal) => {
    received = signal;
    child.kill(signal);
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  // Before npm is there: a signal in between would end this process alone.
  for (const signal of signals) process.on(signal, pass);
  const child = spawn('npm', args, {
    cwd: root,
    // npm's own report is not what somebody asked for who wants the last line of a program.
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
  });
  try {
    const [status, signal] = await once(child, 'exit');
    return { status, signal: received ?? signal };
  } catch (error) {
    return { error };
  } finally {
    for (const signal of signals) process.off(signal, pass);
  }
}

/** By the signal itself, so that whoever waits sees it; it arrives a moment after the call. */
async function endBy(signal) {
  process.kill(process.pid, signal);
  await new Promise((resolve) => setTimeout(resolve, 10_000));
}

/** As if `node <file> <first> <rest>` had been called. */
async function run(file, first) {
  const path = join(root, file.startsWith(root) ? file.slice(root.length) : file);
  process.argv = [process.argv[0], path, ...first, ...rest];
  await import(pathToFileURL(path).href);
}

function end(code, message) {
  process.stderr.write(`${message}\n`);
  process.exit(code);
}
