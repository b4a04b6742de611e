import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test, type TestContext } from 'vitest';
import { childEnvironment } from '../../config/environment.ts';
import { pythonWith } from '../setup/python.ts';
import { BIN, perennial, type Outcome } from './cli.ts';
import { writeCustomers } from './customers.ts';

/** A run's rows go to Python, its folds too, and what LightGBM makes of them comes back as a version. */

const MINUTE = 60_000;
const trainer = fileURLToPath(new URL('../../examples/python-trainer/', import.meta.url));
const pins = join(trainer, 'requirements.txt');
const home = mkdtempSync(join(tmpdir(), 'perennial-python-'));
// Below the package, so that `perennial-ml` means this clone.
const project = fileURLToPath(new URL(`../../.cache/python-${process.pid}`, import.meta.url));
const env = { PERENNIAL_HOME: home, PERENNIAL_LOG: 'warn' };
const run = (...args: string[]): Promise<Outcome> => perennial(args, { cwd: project, env });
const at = (file: string): string => join(project, file);

let python: string | undefined;
let reason = '';

// The first time the environment is made: 500 MB from PyPI.
beforeAll(async () => {
  const packages = readFileSync(pins, 'utf8').trim().split('\n');
  const found = await pythonWith(packages, pins);
  if ('reason' in found) {
    reason = found.reason;
    return;
  }
  python = found.python;
  mkdirSync(project, { recursive: true });
  writeCustomers(at('customers.csv'), 1_200);
  const definition = {
    ...{ apiVersion: 1, name: 'churn', sources: { customers: { kind: 'csv', from: 'customers.csv' } } },
    ...{ dataset: 'SELECT * FROM customers', target: 'churned', key: ['customer_id'] },
    search: [{ learner: 'logistic', grid: { l2: [1] } }],
  };
  writeFileSync(at('churn.json'), JSON.stringify(definition));
  const trained = await run('train', 'churn.json', '--json');
  expect(trained.code, trained.stderr).toBe(0);
  const written = await run('run', 'export', 'churn/1', '--out', at('run'), '--json');
  expect(written.code, written.stderr).toBe(0);
}, 10 * MINUTE);
afterAll(async () => {
  if (python !== undefined) await run('down');
  rmSync(home, { recursive: true, force: true });
  rmSync(project, { recursive: true, force: true });
}, MINUTE);

interface Trained {
  /** Of its exit, or the signal that ended it. */
  code: number | string | null;
  stdout: string;
  stderr: string;
}

/** Runs train.py; without Python the test is skipped and says why. */
function train({ skip }: TestContext, grid: object, ...more: string[]): Promise<Trained> {
  if (python === undefined) return skip(reason);
  writeFileSync(at('grid.json'), JSON.stringify(grid));
  const command = `${process.execPath} ${BIN}`;
  const args = [join(trainer, 'train.py'), at('run'), '--out', at('model'), '--grid', at('grid.json')];
  const options = {
    cwd: project,
    env: childEnvironment({
      ...env,
      TEMPORAL_ADDRESS: '',
      DATABASE_URL: '',
      CI: '1',
      PYTHONDONTWRITEBYTECODE: '1',
    }),
  };
  return new Promise((resolve) => {
    execFile(python ?? '', [...args, '--perennial', command, ...more], options, (error, stdout, stderr) =>
      resolve({ code: error ? (error.signal ?? error.code ?? null) : 0, stdout, stderr }),
    );
  });
}

const TREE = { forest: { n_estimators: [1], max_depth: [1] } };
const BOOSTING = { lightgbm: { n_estimators: [20], num_leaves: [7, 15] } };

test(
  'a model that is worse than the run’s own is not registered',
  { timeout: 4 * MINUTE },
  async (context) => {
    const { code, stderr } = await train(context, TREE, '--register', 'churn');
    expect(code, stderr).toBe(2);
    expect(stderr).toMatch(/not registered: rocAuc [\d.]+ over the folds is not better than the [\d.]+/);
    expect((await run('models', 'churn', '--json')).json()).toMatchObject({ models: [{ version: 1 }] });
  },
);

test('a grid that names what is not there says what is', { timeout: 4 * MINUTE }, async (context) => {
  const { code, stderr } = await train(context, { lightgbm: { leaves: [7] } });
  expect([code, stderr]).toEqual([
    2,
    expect.stringMatching(/lightgbm.leaves is not a hyperparameter.*num_leaves/),
  ]);
});

test(
  'LightGBM’s best over the same folds becomes the next version, with Python’s own answers',
  { timeout: 6 * MINUTE },
  async (context) => {
    const { code, stdout, stderr } = await train(context, BOOSTING, '--register', 'churn', '--anyway');
    expect(code, stderr).toBe(0);
    const result = JSON.parse(stdout) as {
      metric: object;
      best: { learner: string; folds: number[]; test: number };
      leaderboard: unknown[];
      winnerOfTheRun: { algorithm: string; cv: number };
    };
    expect(result.metric).toEqual({ name: 'rocAuc', better: 'higher' });
    expect(result.leaderboard).toHaveLength(2);
    expect(result.best).toMatchObject({ learner: 'lightgbm', test: expect.any(Number) as number });
    expect(result.best.folds).toHaveLength(5);
    expect(result.winnerOfTheRun).toMatchObject({ algorithm: 'logistic' });

    const { models } = (await run('models', 'churn', '--json')).json() as {
      models: { version: number; champion: boolean; imported?: { compared: object } }[];
    };
    const second = models.find(({ version }) => version === 2);
    expect(second).toMatchObject({ learner: 'imported', champion: false });
    expect(second?.imported?.compared).toMatchObject({ maxDifference: expect.closeTo(0, 5) as number });

    // It scores the raw file as the run's own model does: names, types and gaps are those of the definition.
    const scored = await run(
      'predict',
      'churn@2',
      '--input',
      'customers.csv',
      '--output',
      'out.csv',
      '--json',
    );
    expect(scored.code, scored.stderr).toBe(0);
    expect(scored.json()).toMatchObject({ rows: 1_200, version: 2 });

    // The same again is the same bytes, and so no further version.
    const again = await train(context, BOOSTING, '--register', 'churn', '--anyway');
    expect(again.stderr).toContain('was imported before');
  },
);
