import { createHash } from 'node:crypto';
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
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ModelExplanation } from '../../client/explainModel.ts';
import { perennial, type Outcome } from './cli.ts';
import { writeCustomers } from './customers.ts';

/** From a file of customers to predictions, through the command line and a stack that it starts itself. */

const MINUTE = 60_000;
const home = mkdtempSync(join(tmpdir(), 'perennial-e2e-'));
// Below the package, so that `perennial-ml` means this clone.
const project = fileURLToPath(new URL(`../../.cache/e2e-${process.pid}`, import.meta.url));
const run = (...args: string[]): Promise<Outcome> =>
  perennial(args, { cwd: project, env: { PERENNIAL_HOME: home } });

const DEFINITION = {
  apiVersion: 1,
  name: 'churn',
  sources: { customers: { kind: 'csv', from: 'customers.csv' } },
  dataset: 'SELECT * FROM customers',
  target: 'churned',
  key: ['customer_id'],
  search: [{ learner: 'logistic', grid: { l2: [1] } }],
};
function define(name: string, changes: object): string {
  writeFileSync(join(project, `${name}.json`), JSON.stringify({ ...DEFINITION, name, ...changes }));
  return `${name}.json`;
}

beforeAll(() => {
  mkdirSync(project, { recursive: true });
  writeCustomers(join(project, 'customers.csv'), 1_200);
});
afterAll(async () => {
  await run('down');
  rmSync(home, { recursive: true, force: true });
  rmSync(project, { recursive: true, force: true });
}, MINUTE);

let first: Record<string, unknown>;

test(
  'init writes a definition that trains as it is; train starts the stack and ends with one object',
  { timeout: 5 * MINUTE },
  async () => {
    const init = await run('init', 'customers.csv', '--json');
    expect(init.json()).toMatchObject({
      name: 'customers',
      target: 'churned',
      guessed: true,
      rows: 1_200,
      columns: 7,
    });

    const trained = await run('train', 'lifecycle.ts', '--json');
    expect(trained.stderr).toContain('`npx perennial down` stops it');
    expect(trained).toMatchObject({ code: 0 });
    expect(trained.stdout.trimEnd().split('\n')).toHaveLength(1);
    first = trained.json();
    expect(first).toMatchObject({
      name: 'customers',
      run: 1,
      outcome: 'registered',
      version: 1,
      champion: true,
      workflowId: 'training/customers/1',
      task: 'binary',
      digest: expect.stringMatching(/^[0-9a-f]{64}$/) as unknown,
      metric: { name: 'rocAuc', cv: expect.any(Number) as unknown, test: expect.any(Number) as unknown },
      dataset: { digest: expect.stringMatching(/^[0-9a-f]{64}$/) as unknown, rows: 1_200 },
      durationMs: expect.any(Number) as unknown,
    });
    const leaderboard = first.leaderboard as { algorithm: string; params: object; cv: number; std: number }[];
    expect(leaderboard).toHaveLength(8);
    expect(leaderboard.map(({ cv }) => cv)).toEqual(leaderboard.map(({ cv }) => cv).sort((a, b) => b - a));
    expect(first.best).toEqual({ algorithm: leaderboard[0]?.algorithm, params: leaderboard[0]?.params });
    expect((first.metric as { cv: number }).cv).toBe(leaderboard[0]?.cv);
    expect((first.metric as { test: number }).test).toBeGreaterThan(0.8);
    expect(readFileSync(first.report as string, 'utf8').includes('ROC AUC on the hold-out')).toBe(true);
  },
);

test('the same again is the same version, by another run', { timeout: 2 * MINUTE }, async () => {
  const again = await run('train', 'lifecycle.ts', '--json');
  expect(again.json()).toMatchObject({ run: 2, version: 1, digest: first.digest, outcome: 'registered' });
  expect((await run('models', '--json')).json().models).toHaveLength(1);
});

test(
  'without --json people read the leaderboard, the hold-out and what comes next',
  { timeout: MINUTE },
  async () => {
    const { stdout } = await run('run', 'show', 'customers/1');
    expect(stdout).toContain('Registered customers@1, champion');
    expect(stdout).toMatch(/ 1 {2}(logistic|forest|tree) /);
    expect(stdout).toMatch(/hold-out +rocAuc/);
    expect(stdout).toContain('npx perennial predict customers --input FILE --output FILE');
    expect(stdout).toContain('unique(customer_id)');
  },
);

test(
  'predict adds the prediction and a probability per class to the columns that are there',
  { timeout: MINUTE },
  async () => {
    const { code, json } = await run(
      'predict',
      'customers',
      '--input',
      'customers.csv',
      '--output',
      'scored.csv',
      '--json',
    );
    expect(code).toBe(0);
    expect(json()).toMatchObject({ name: 'customers', version: 1, rows: 1_200 });
    const [head = '', ...lines] = readFileSync(join(project, 'scored.csv'), 'utf8').trimEnd().split('\n');
    expect(head).toBe(
      'customer_id,signed_up,age,balance,country,plan,churned,prediction,probability_left,probability_stayed',
    );
    const rows = lines.map((line) => line.split(','));
    const input = readFileSync(join(project, 'customers.csv'), 'utf8').trimEnd().split('\n').slice(1);
    expect(rows.map((row) => row.slice(0, 7).join(','))).toEqual(input);
    for (const row of rows) expect(Number(row[8]) + Number(row[9])).toBeCloseTo(1, 5);
    expect(rows.filter((row) => row[6] === row[7]).length / rows.length).toBeGreaterThan(0.75);
  },
);

test(
  'a file without a column of the model is refused, and nothing is written',
  { timeout: MINUTE },
  async () => {
    writeFileSync(
      join(project, 'short.csv'),
      'customer_id,signed_up,age,country,plan\n1,2024-01-01,30,DE,free\n',
    );
    const { code, json } = await run(
      'predict',
      'customers',
      '--input',
      'short.csv',
      '--output',
      'none.csv',
      '--json',
    );
    expect(code).toBe(2);
    expect(json()).toMatchObject({ error: { code: 'UNKNOWN_COLUMN', field: 'balance' } });
    expect(readdirSync(project).filter((name) => name.includes('none.csv'))).toEqual([]);
  },
);

test('model explain says what its columns add to its answers', { timeout: MINUTE }, async () => {
  const { code, json } = await run('model', 'explain', 'customers@1', '--json');
  expect(code).toBe(0);
  const { version, contributions, partialDependence } = json() as unknown as ModelExplanation;
  expect(version).toBe(1);
  expect(contributions).toMatchObject({ background: expect.any(Number) as number });
  expect(partialDependence.length).toBeGreaterThan(0);
  const { stdout } = await run('model', 'explain', 'customers@1');
  expect(stdout).toMatch(/What columns add to .*hold-out rows against \d+/);
  for (const { column } of partialDependence) expect(stdout).toContain(column);
});

test(
  'export writes the model and all that belongs to it, into a folder of its own',
  { timeout: MINUTE },
  async () => {
    const { code, json } = await run('model', 'export', 'customers@1', '--out', 'out/model', '--json');
    expect(code).toBe(0);
    const { files } = json() as { files: string[] };
    expect(files).toEqual(
      expect.arrayContaining([
        'model.onnx',
        'signature.json',
        'golden.json',
        'metrics.json',
        'evaluation.json',
        'explanation.json',
        'lineage.json',
        'report.html',
      ]),
    );
    expect(files.filter((file) => /^pictures\/.*\.svg$/.test(file)).length).toBeGreaterThanOrEqual(3);
    const at = (file: string): Buffer => readFileSync(join(project, 'out/model', file));
    expect(createHash('sha256').update(at('model.onnx')).digest('hex')).toBe(first.digest);
    expect(JSON.parse(at('lineage.json').toString())).toMatchObject({
      digest: first.digest,
      definition: { hash: first.definition, target: 'churned' },
      dataset: { digest: (first.dataset as { digest: string }).digest },
    });
    const second = await run('model', 'export', 'customers', '--out', 'out/model');
    expect(second).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('is not empty; nothing was written') as unknown,
    });
    expect(readdirSync(join(project, 'out'))).toEqual(['model']);
  },
);

test(
  'a gate that says no ends with exit code 3, a report, and no version',
  { timeout: 2 * MINUTE },
  async () => {
    const { code, json } = await run('train', define('strict', { select: { atLeast: 0.999 } }), '--json');
    expect(code).toBe(3);
    expect(json()).toMatchObject({
      outcome: 'gate-refused',
      version: null,
      champion: false,
      reason: expect.stringContaining('0.999') as unknown,
    });
    expect(existsSync(json().report as string)).toBe(true);
    expect((await run('models', 'strict', '--json')).json()).toEqual({ models: [] });
  },
);

test(
  'a check that fails ends with exit code 3, and its rows are kept with the run',
  { timeout: 2 * MINUTE },
  async () => {
    const checks = [{ kind: 'range', column: 'age', max: 70 }];
    const { code, json } = await run('train', define('checked', { checks }), '--json');
    expect(code).toBe(3);
    expect(json()).toMatchObject({ outcome: 'checks-failed', leaderboard: [], digest: null });
    const shown = await run('run', 'show', 'checked/1', '--json');
    expect(shown.json().checks).toEqual(
      expect.arrayContaining([expect.objectContaining({ kind: 'range', verdict: 'fail' })]),
    );
  },
);

test.each([
  ['a column that is not there', 'UNKNOWN_COLUMN', { target: 'chrned' }],
  [
    'a source that is not there',
    'SOURCE_NOT_FOUND',
    { sources: { customers: { kind: 'csv', from: 'nowhere.csv' } } },
  ],
  ['a query that is none', 'SQL_REFUSED', { dataset: 'DROP TABLE customers' }],
])('%s ends with exit code 2 and its own error', { timeout: 2 * MINUTE }, async (what, code, changes) => {
  const outcome = await run('train', define(`bad-${what.split(' ').at(1) ?? ''}`, changes), '--json');
  expect(outcome.json()).toMatchObject({ error: { code } });
  expect(outcome.code).toBe(2);
  expect(outcome.stderr).not.toMatch(/^\s+at /m);
});

test('--source reads another file with the same definition', { timeout: 2 * MINUTE }, async () => {
  writeCustomers(join(project, 'july.csv'), 600);
  const { code, json } = await run('train', define('churn', {}), '--source', 'customers=july.csv', '--json');
  expect(code).toBe(0);
  expect(json()).toMatchObject({ name: 'churn', dataset: { rows: 600 } });
});

test(
  'a run goes on without its terminal, refuses a second of its name, and can be cancelled',
  { timeout: 3 * MINUTE },
  async () => {
    const slow = define('slow', {
      search: [
        {
          learner: 'boosting',
          grid: {
            rounds: [10_000],
            leaves: [31, 63],
            maxDepth: [16, 17, 18, 19, 20, 21],
            minLeaf: [1, 2, 3],
          },
        },
      ],
    });
    const left = await perennial(['train', slow, '--json'], {
      cwd: project,
      env: { PERENNIAL_HOME: home },
      interruptAt: 'search ...',
    });
    expect(left.code).toBe(1);
    expect(left.stderr).toContain(
      'slow/1 goes on without you. Come back to it with `npx perennial attach slow/1`',
    );
    expect(left.json()).toMatchObject({ name: 'slow', run: 1, outcome: 'running' });

    const second = await run('train', slow, '--json');
    expect(second.code).toBe(2);
    expect(second.json()).toMatchObject({ error: { code: 'RUN_IN_PROGRESS', value: 'training/slow/1' } });
    expect(second.stderr).toContain('with this very definition');
    expect((await run('status', '--json')).json()).toMatchObject({
      up: true,
      running: [{ name: 'slow', number: 1 }],
    });
    expect((await run('run', 'parallelism', 'slow/1', '3')).stdout).toContain('up to 3 candidates');
    expect((await run('run', 'parallelism', 'slow/1', '99')).code).toBe(2);

    expect((await run('cancel', 'slow/1')).code).toBe(0);
    const ended = await run('attach', 'slow/1', '--json');
    expect(ended.json()).toMatchObject({ error: { code: 'CANCELLED' } });
    expect(ended.code).toBe(1);
    expect((await run('runs', 'slow', '--json')).json().runs).toMatchObject([
      { number: 1, status: 'cancelled' },
    ]);
    expect((await run('cancel', 'slow/1')).code).toBe(2);
  },
);
