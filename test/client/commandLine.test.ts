import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { childEnvironment } from '../../config/environment.ts';
import { BIN, perennial } from './cli.ts';

/** What the command line says to a stranger, and to a script, where nothing is up. */

const home = mkdtempSync(join(tmpdir(), 'perennial-nothing-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));
const env = { PERENNIAL_HOME: home };

test('--help names every command, the exit codes and how to begin', async () => {
  const { code, stdout, stderr } = await perennial(['--help']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  for (const command of [
    'init',
    'train',
    'attach',
    'cancel',
    'runs',
    'run',
    'models',
    'model',
    'predict',
    'serve',
    'gateways',
    'route',
    'labels',
    'keys',
    'rollout',
    'up',
    'down',
    'status',
  ]) {
    expect(stdout).toMatch(new RegExp(`^  ${command}\\b`, 'm'));
  }
  expect(stdout).toContain('0 done   2 bad input   3 a check, a gate or a rollout said no   1 anything else');
  expect(stdout).toContain('$ npx perennial init customers.csv');
});

test.each([
  ['train'],
  ['predict'],
  ['run', 'show'],
  ['model', 'explain'],
  ['model', 'export'],
  ['init'],
  ['serve'],
  ['route', 'show'],
  ['route', 'set'],
  ['keys', 'create'],
  ['labels', 'send'],
  ['rollout', 'start'],
  ['rollout', 'explain'],
  ['rollout', 'pause'],
])('%s --help shows an example', async (...command) => {
  const { code, stdout } = await perennial([...command, '--help']);
  expect(code).toBe(0);
  expect(stdout).toContain(`$ npx perennial ${command.join(' ')}`);
});

test.each([
  ['an unknown command', ['trian', 'x.ts'], /unknown command 'trian'\n\(Did you mean train\?\)/],
  ['an unknown option', ['runs', '--jsno'], /unknown option '--jsno'/],
  ['a missing argument', ['train'], /missing required argument 'definition'/],
  ['a missing option', ['predict', 'flights'], /required option '--input <file>' not specified/],
  ['a number that is none', ['runs', '--limit', 'ten'], /Expected a whole number from 1/],
  ['no command', [], /Usage: perennial/],
])('%s ends with exit code 2', async (_, args, message) => {
  const { code, stderr, stdout } = await perennial(args, { env });
  expect(stderr).toMatch(message);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
});

test('--json ends with one object also when the call itself is wrong', async () => {
  const { code, json } = await perennial(['train', '--json'], { env });
  expect(code).toBe(2);
  expect(json()).toMatchObject({ error: { code: 'INVALID_INPUT' } });
});

test('an error is one message without a stack, on stderr', async () => {
  const { code, stdout, stderr } = await perennial(['train', 'nowhere.ts'], { env });
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(/^error There is no definition at nowhere\.ts\.\n/);
  expect(stderr).not.toMatch(/^\s+at /m);
});

test('PERENNIAL_LOG=debug shows where an error comes from', async () => {
  const { stderr } = await perennial(['train', 'nowhere.ts'], { env: { ...env, PERENNIAL_LOG: 'debug' } });
  expect(stderr).toMatch(/^\s+at .*loadDefinition\.ts/m);
});

test.each([
  ['runs'],
  ['models'],
  ['run', 'show', 'flights/1'],
  ['model', 'show', 'flights'],
  ['cancel', 'flights/1'],
  ['rollout', 'list'],
  ['rollout', 'watch', 'flights/1'],
  ['route', 'show', 'flights'],
  ['keys', 'list'],
  ['gateways'],
])('%s says that nothing is up and what to do', async (...args) => {
  const { code, stderr } = await perennial(args, { env });
  expect(code).toBe(1);
  expect(stderr).toContain(`No stack is up in ${home}.`);
  expect(stderr).toContain('`npx perennial up` first');
});

test('status with nothing up says so, and down finds nothing to stop', async () => {
  const status = await perennial(['status', '--json'], { env });
  expect({ code: status.code, json: status.json() }).toEqual({ code: 1, json: { up: false, home } });
  const down = await perennial(['down'], { env });
  expect(down).toMatchObject({ code: 0, stdout: `Nothing was up in ${home}.\n` });
});

test.each([
  ['run', ['run', 'show', 'flights']],
  ['model', ['model', 'show', 'Flights@x']],
  ['model', ['model', 'explain', 'Flights@x']],
  ['rollout', ['rollout', 'explain', 'flights']],
])('the name of a %s is checked before anything is asked', async (field, args) => {
  const { code, json } = await perennial([...args, '--json'], { env });
  expect(code).toBe(2);
  expect(json()).toMatchObject({ error: { code: 'INVALID_INPUT', field } });
});

test.each([
  ['stdout', ['--help'], 0],
  ['stderr', ['train', 'nowhere.ts'], 2],
] as const)('%s that nobody reads any more is no error', async (closed, args, code) => {
  const child = spawn(process.execPath, [BIN, ...args], {
    env: childEnvironment({ ...env, TEMPORAL_ADDRESS: '', DATABASE_URL: '' }),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child[closed].destroy();
  const open = closed === 'stdout' ? child.stderr : child.stdout;
  let said = '';
  open.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const ended = await new Promise((resolve) => child.once('close', resolve));
  expect({ ended, said }).toEqual({ ended: code, said: '' });
});

test('without a terminal there are no colours, also in CI', async () => {
  const { stdout, stderr } = await perennial(['train', 'nowhere.ts'], { env });
  expect(`${stdout}${stderr}`).not.toContain('\u001b[');
});
