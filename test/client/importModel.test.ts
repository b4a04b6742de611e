import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect, type PerennialClient } from '../../client/client.ts';
import { readEnvironment } from '../../config/environment.ts';
import { readStack } from '../../embedded/stackFile.ts';
import { openStore } from '../../store/open.ts';
import { foreignCases } from '../compute/foreignFixtures.ts';
import { perennial, type Outcome } from './cli.ts';

/** A model that scikit-learn exported is imported, served, rolled out and exported like any other. */

const MINUTE = 60_000;
const home = mkdtempSync(join(tmpdir(), 'perennial-import-'));
const env = { PERENNIAL_HOME: home, PERENNIAL_LOG: 'warn' };
const run = (...args: string[]): Promise<Outcome> => perennial(args, { env });
const at = (file: string): string => join(home, file);
const model = (name: string): string =>
  fileURLToPath(new URL(`../golden/foreign/${name}.onnx`, import.meta.url));
const { signature, columns, label = [], probabilities = [] } = foreignCases.flats;
const rows = label.map((_, i) =>
  Object.fromEntries(Object.entries(columns).map(([name, of]) => [name, of[i]])),
);
let client: PerennialClient;
let url: string;

beforeAll(async () => {
  expect(await run('up')).toMatchObject({ code: 0 });
  client = await connect({ environment: { ...readEnvironment(env), home } });
  url = (await client.gatewayUrl()) ?? '';
  writeFileSync(at('flats.json'), JSON.stringify(signature));
  writeFileSync(at('two.json'), JSON.stringify(foreignCases.flatsTwoMatrices.signature));
  const header = [...Object.keys(columns), 'prediction', 'probability_dear', 'probability_fair'].join(',');
  const lines = rows.map((row, i) => [...Object.values(row), label[i], ...probabilities[i]].join(','));
  writeFileSync(at('scored.csv'), [header, ...lines].join('\n'));
  writeFileSync(at('other.csv'), [header, ...lines].join('\n').replace(/,dear,/, ',fair,'));
}, 2 * MINUTE);
afterAll(async () => {
  await client?.close();
  await run('down');
  rmSync(home, { recursive: true, force: true });
}, MINUTE);

async function predict(
  keys: string[],
): Promise<{ version: number; prediction: string; probabilities: Record<string, number> }[]> {
  const answer = await fetch(`${url}/models/flats/predict`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ rows, keys }),
  });
  expect(answer.status).toBe(200);
  return ((await answer.json()) as { predictions: Awaited<ReturnType<typeof predict>> }).predictions;
}

test('answers that differ from its maker’s leave nothing behind', { timeout: 4 * MINUTE }, async () => {
  const refused = await run(
    'model',
    'import',
    model('flats'),
    '--name',
    'flats',
    '--signature',
    at('flats.json'),
    '--expect',
    at('other.csv'),
    '--json',
  );
  expect(refused).toMatchObject({ code: 1 });
  expect(refused.json()).toMatchObject({ error: { code: 'PARITY_FAILED', field: 'expect' } });
  expect(await client.models()).toEqual([]);
});

test('a file that is refused says why, and what to do', { timeout: 4 * MINUTE }, async () => {
  const cases: [string[], string, RegExp][] = [
    [[model('neighbors'), '--name', 'flats', '--signature', at('flats.json')], 'model', /operator "Scan"/],
    [
      [at('nowhere.onnx'), '--name', 'flats', '--signature', at('flats.json')],
      'file',
      /nowhere.onnx cannot be read/,
    ],
    [
      [model('flats'), '--name', 'flats', '--signature', at('scored.csv')],
      '--signature',
      /expected a JSON file such as/,
    ],
    [
      [model('flats'), '--name', 'flats@3', '--signature', at('flats.json')],
      '--name',
      /the version is given by the registry/,
    ],
    [
      [model('ridge'), '--name', 'flats', '--signature', at('flats.json')],
      'classes|inputs|positive',
      /The signature: /,
    ],
  ];
  for (const [args, field, message] of cases) {
    const refused = await run('model', 'import', ...args, '--json');
    const { error } = refused.json() as { error: { field: string; message: string } };
    expect([refused.code, error.message]).toEqual([2, expect.stringMatching(message)]);
    expect(error.field).toMatch(new RegExp(`^(${field})`));
  }
});

test(
  'imported, it is a version that says where it came from, and serves',
  { timeout: 4 * MINUTE },
  async () => {
    const args = [
      'model',
      'import',
      model('flats'),
      '--name',
      'flats',
      '--signature',
      at('flats.json'),
      '--expect',
      at('scored.csv'),
      '--as',
      'ada',
      '--json',
    ];
    const imported = await run(...args);
    expect(imported.code, imported.stderr).toBe(0);
    expect(imported.json()).toMatchObject({
      version: 1,
      existing: false,
      champion: true,
      compared: { rows: 40 },
    });
    expect(imported.stderr).toContain('flats@1');
    expect((await run(...args)).json()).toMatchObject({ version: 1, existing: true, champion: true });

    const [row] = await client.models('flats');
    expect(row).toMatchObject({
      learner: 'imported',
      imported: {
        fileName: 'flats.onnx',
        producer: { name: 'skl2onnx' },
        opsets: { 'ai.onnx.ml': 1 },
        by: 'ada',
      },
    });
    expect(row.runNumber).toBeUndefined();
    const shown = await run('model', 'show', 'flats');
    expect(shown.stdout).toMatch(/file +flats\.onnx.*\n.*written by +skl2onnx 1/);
    expect((await run('models')).stdout).toContain('flats.onnx');

    await expect
      .poll(async () => (await client.gateways()).flatMap(({ loaded }) => loaded), { timeout: 20_000 })
      .toContain('flats@1');
    const answers = await predict(rows.map((_, i) => `k${i}`));
    expect(answers.map(({ prediction }) => prediction)).toEqual(label);
    answers.forEach((answer, i) => {
      expect(answer.version).toBe(1);
      expect(answer.probabilities.dear).toBeCloseTo(probabilities[i][0], 6);
    });

    const store = await openStore(readStack(home)?.databaseUrl ?? '', 'perennial');
    try {
      expect(await store.orphans()).toEqual([]);
      expect((await store.audit.list('model/flats/1')).map(({ action, actor }) => [action, actor])).toEqual([
        ['version.import', 'ada'],
      ]);
      expect(await store.audit.verify()).toMatchObject({ intact: true });
    } finally {
      await store.close();
    }
  },
);

test(
  'scores a file as Python did, and is exported with the file that it was',
  { timeout: 4 * MINUTE },
  async () => {
    const scored = await run('predict', 'flats', '--input', at('bare.csv'), '--output', at('out.csv'));
    expect(scored.code).toBe(2); // There is no such file yet.
    const lines = readFileSync(at('scored.csv'), 'utf8').split('\n');
    writeFileSync(at('bare.csv'), lines.map((line) => line.split(',').slice(0, 3).join(',')).join('\n'));
    expect(await run('predict', 'flats', '--input', at('bare.csv'), '--output', at('out.csv'))).toMatchObject(
      {
        code: 0,
      },
    );
    const written = readFileSync(at('out.csv'), 'utf8').trim().split('\n').slice(1);
    expect(written.map((line) => line.split(',')[3])).toEqual(label);

    const exported = await client.exportModel('flats', { out: at('exported') });
    expect(exported.files).toEqual([
      'model.onnx',
      'signature.json',
      'golden.json',
      'imported.onnx',
      'lineage.json',
    ]);
    expect(readFileSync(at('exported/imported.onnx'))).toEqual(readFileSync(model('flats')));
  },
);

test('another file of the name is rolled out beside it and promoted', { timeout: 4 * MINUTE }, async () => {
  const imported = await run(
    'model',
    'import',
    model('flatsTwoMatrices'),
    '--name',
    'flats',
    '--signature',
    at('two.json'),
    '--json',
  );
  expect(imported.json()).toMatchObject({ version: 2, champion: false });
  expect(imported.stderr).toContain('npx perennial rollout start flats@2');
  const policy = at('policy.json');
  writeFileSync(policy, JSON.stringify({ guards: { latency: false }, minDurationMs: 0, probationMs: 0 }));
  const rollout = run(
    'rollout',
    'start',
    'flats@2',
    '--steps',
    '50',
    '--every',
    '1s',
    '--policy',
    policy,
    '--json',
  );
  await expect.poll(async () => (await client.route('flats')).weight, { timeout: 4 * MINUTE }).toBe(0.5);
  for (let batch = 0; batch < 60; batch++) await predict(rows.map((_, i) => `user-${batch}-${i}`));
  expect((await rollout).json()).toMatchObject({ phase: 'ended', outcome: 'promoted' });
  expect((await client.route('flats')).championVersion).toBe(2);
});

test('what needs the data that it learned from says that nothing here knows it', async () => {
  const replay = await client.replay('flats', { rate: 10, labelDelayMs: 0 });
  await expect(replay.finished).rejects.toMatchObject({
    code: 'INVALID_INPUT',
    message: expect.stringMatching(/flats@2 was imported.*the hold-out is replayed/) as string,
  });
});
