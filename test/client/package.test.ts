import { execFile } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';
import { childEnvironment } from '../../config/environment.ts';
import { writeCustomers } from './customers.ts';

/** It can be installed where people work: the packed package, in an empty project, from a CSV to predictions. */

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'perennial-package-'));
const project = join(folder, 'project');
const env = childEnvironment({
  PERENNIAL_HOME: join(project, '.perennial'),
  TEMPORAL_ADDRESS: '',
  DATABASE_URL: '',
  NODE_OPTIONS: '',
});

async function call(command: string, args: string[], cwd = project): Promise<string> {
  const { stdout } = await promisify(execFile)(command, args, { cwd, env, maxBuffer: 64 * 1024 * 1024 });
  return stdout;
}
const npx = (...args: string[]): Promise<string> => call('npx', ['--no-install', 'perennial', ...args]);

afterAll(async () => {
  if (existsSync(join(project, 'node_modules', '.bin', 'perennial'))) await npx('down');
  rmSync(folder, { recursive: true, force: true });
}, 60_000);

test(
  'npm pack, install into an empty project, init on a CSV, train, predict',
  { timeout: 10 * 60_000 },
  async () => {
    mkdirSync(project);
    await call('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], ROOT);
    const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? '';
    // As `npm init -y` makes it: a CommonJS package, in which lifecycle.ts is CommonJS too.
    writeFileSync(
      join(project, 'package.json'),
      JSON.stringify({ name: 'somebody', version: '1.0.0', private: true }),
    );
    await call('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', join(folder, tarball)]);
    writeCustomers(join(project, 'customers.csv'), 800);

    await npx('init', '--from', 'customers.csv', '--target', 'churned');
    const trained = JSON.parse(
      (await npx('train', 'lifecycle.ts', '--json')).trimEnd().split('\n').at(-1) ?? '',
    ) as Record<string, unknown>;
    expect(trained).toMatchObject({
      name: 'customers',
      version: 1,
      outcome: 'registered',
      dataset: { rows: 800 },
    });

    await npx('predict', 'customers', '--input', 'customers.csv', '--output', 'scored.csv');
    const [head, ...rows] = readFileSync(join(project, 'scored.csv'), 'utf8').trimEnd().split('\n');
    expect(head).toMatch(/,prediction,probability_left,probability_stayed$/);
    expect(rows).toHaveLength(800);

    // A program of one's own uses the client of the same package.
    writeFileSync(
      join(project, 'program.mts'),
      `import { connect } from 'perennial-ml/client';
     const client = await connect();
     const { version, digest } = await client.model('customers');
     console.log(JSON.stringify({ version, digest }));
     await client.close();`,
    );
    const said = await call('npx', ['--no-install', 'tsx', 'program.mts']);
    expect(JSON.parse(said)).toEqual({ version: 1, digest: trained.digest });
  },
);
