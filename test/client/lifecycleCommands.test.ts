import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Definition } from '../../config/definition.ts';
import type { WindowFacts } from '../../decisions/watch/facts.ts';
import { readStack } from '../../embedded/stackFile.ts';
import type { WindowRow } from '../../store/lifecycleTypes.ts';
import { openStore } from '../../store/open.ts';
import type { Store } from '../../store/types.ts';
import { registerModel, tinyModel } from '../serving/fixtures.ts';
import { perennial, type Outcome } from './cli.ts';

/** A model with a champion is deployed, paused, looked at and removed through the command line, without a training. */

const MINUTE = 60_000;
const home = mkdtempSync(join(tmpdir(), 'perennial-lifecycles-'));
const env = { PERENNIAL_HOME: home, PERENNIAL_LOG: 'warn' };
const run = (...args: string[]): Promise<Outcome> => perennial(args, { env });
const json = async (...args: string[]): Promise<Record<string, unknown>> =>
  (await run(...args, '--json')).json();
const refusal = async (...args: string[]): Promise<Record<string, unknown>> => {
  const { code, json: told } = await run(...args, '--json');
  expect(code).toBe(2);
  return told().error as Record<string, unknown>;
};
const because = ['--reason', 'a test', '--as', 'ada'];
const file = join(home, 'tiny.json');
let store: Store;
let written: Definition;

function write(changes: Partial<Definition>): void {
  writeFileSync(file, JSON.stringify({ ...written, ...changes }));
}

beforeAll(async () => {
  expect(await run('up')).toMatchObject({ code: 0 });
  store = await openStore(readStack(home)?.databaseUrl ?? '', 'perennial');
  const { definitionHash } = await registerModel(store, 'tiny', await tinyModel({ seed: 1 }));
  written = await store.definitions.get(definitionHash ?? '');
  write({});
}, 2 * MINUTE);
afterAll(async () => {
  await store?.close();
  await run('down');
  rmSync(home, { recursive: true, force: true });
}, MINUTE);

test('before anything is deployed there is nothing to list, to answer or to order', async () => {
  expect(await json('lifecycle', 'list')).toEqual({ lifecycles: [] });
  expect(await json('inbox')).toEqual({ items: [] });
  expect(await refusal('lifecycle', 'show', 'tiny')).toMatchObject({ code: 'NOT_FOUND', value: 'tiny' });
  expect(await refusal('lifecycle', 'pause', 'tiny', ...because)).toMatchObject({ code: 'NOT_FOUND' });
  expect(await refusal('watch', 'show', 'tiny')).toMatchObject({ code: 'NOT_FOUND' });
  expect(await refusal('watch', 'now', 'tiny')).toMatchObject({
    code: 'NOT_FOUND',
    message: 'Nothing watches tiny.',
  });
  expect(await refusal('watch', 'now', 'tiny', '--to', 'noon')).toMatchObject({ code: 'INVALID_INPUT' });
  expect(await refusal('approve', 'tiny', ...because)).toMatchObject({ code: 'INVALID_INPUT', field: 'id' });
  expect(await refusal('retrain', 'tiny')).toMatchObject({ code: 'INVALID_INPUT' });
});

test('a dry run tells what would be done again, and deploys nothing', async () => {
  write({ parallelism: 3, seed: 7 });
  const told = await run('deploy', file, '--dry-run');
  expect(told).toMatchObject({ code: 0 });
  expect(told.stdout).toMatch(/seed +featurize and all that follows\n +parallelism +nothing/);
  expect(await json('deploy', file, '--dry-run')).toMatchObject({
    name: 'tiny',
    number: 1,
    dryRun: true,
    action: 'train',
    changes: [
      { section: 'seed', redo: 'featurize' },
      { section: 'parallelism', redo: 'nothing' },
    ],
  });
  expect(await json('lifecycle', 'list')).toEqual({ lifecycles: [] });
});

describe('deployed', () => {
  beforeAll(async () => {
    write({ parallelism: 3 });
    expect(await json('deploy', file, ...because)).toMatchObject({
      number: 1,
      action: 'nothing',
      run: null,
      changes: [{ section: 'parallelism', redo: 'nothing' }],
    });
  }, MINUTE);

  test('it is listed and shown with its champion, and the same again changes nothing', async () => {
    const { lifecycles } = await json('lifecycle', 'list');
    expect(lifecycles).toMatchObject([
      { name: 'tiny', number: 1, phase: 'serving', champion: 1, deployedBy: 'ada' },
    ]);
    const shown = await run('lifecycle', 'show', 'tiny');
    expect(shown.stdout).toContain('lifecycle/tiny  serving');
    expect(shown.stdout).toContain('ada deployed: a test');
    expect(await json('deploy', file, '--dry-run')).toMatchObject({
      number: 2,
      changes: [],
      action: 'nothing',
    });
    expect(await json('inbox')).toEqual({ items: [] });
  });

  test('an order that the state does not take is refused with exit code 2, and changes nothing', async () => {
    expect(await refusal('lifecycle', 'resume', 'tiny', ...because)).toMatchObject({
      code: 'LIFECYCLE_STATE',
      expected: 'a lifecycle that is paused',
    });
    expect(await json('lifecycle', 'pause', 'tiny', ...because)).toMatchObject({ paused: { actor: 'ada' } });
    expect(await refusal('lifecycle', 'pause', 'tiny', ...because)).toMatchObject({
      code: 'LIFECYCLE_STATE',
    });
    expect((await run('lifecycle', 'resume', 'tiny', ...because)).stdout).toContain(
      'took the order (resume)',
    );
    for (const answer of ['approve', 'reject']) {
      expect(await refusal(answer, 'tiny/9', ...because)).toMatchObject({ code: 'LIFECYCLE_STATE' });
    }
    expect(await refusal('lifecycle', 'pause', 'tiny', '--reason', ' ')).toMatchObject({
      code: 'INVALID_INPUT',
      field: 'reason',
    });
  });

  test('what its watch saw is shown, in a line or in full, with its picture', async () => {
    expect((await run('watch', 'show', 'tiny')).stdout).toContain('Nothing of tiny has been looked at yet');
    const { digest } = await store.artifacts.put(Buffer.from('<svg/>'), 'picture', 'image/svg+xml');
    await store.watch.recordWindow({ ...shifted, pictureDigest: digest });
    expect((await run('watch', 'show', 'tiny')).stdout).toMatch(
      /1 +2026-01-01 01:00:00 +1,234 +@1 +shifted +\(score\), amount +fell \(estimated\)/,
    );
    const picture = join(home, 'window.svg');
    const full = await run('watch', 'show', 'tiny', '--picture', picture);
    expect(full.stdout).toMatch(/amount +█{10}░{10} +0\.500 +1\.0e-9 +ks +differs/);
    expect(full.stdout).toContain('Two columns moved.');
    expect(readFileSync(picture, 'utf8')).toBe('<svg/>');
    expect(await json('watch', 'show', 'tiny', '--window', '1')).toMatchObject({ facts: { rows: 1_234 } });
    expect(await refusal('watch', 'show', 'tiny', '--window', '2')).toMatchObject({ code: 'NOT_FOUND' });
    expect(existsSync(picture)).toBe(true);
  });

  test('removed it takes no order; the next deployment goes on from what was kept', async () => {
    expect(await json('lifecycle', 'remove', 'tiny', ...because)).toMatchObject({ live: false, champion: 1 });
    expect(await refusal('lifecycle', 'resume', 'tiny', ...because)).toMatchObject({
      code: 'LIFECYCLE_STATE',
      value: 'removed',
    });
    expect((await run('lifecycle', 'show', 'tiny')).stdout).toContain('removed; it was serving');
    const audit = await store.audit.list('lifecycle/tiny');
    expect(audit[0]).toMatchObject({
      action: 'lifecycle.remove',
      actor: 'ada',
      details: { reason: 'a test' },
    });
    write({ parallelism: 2 });
    expect(await json('deploy', file, ...because)).toMatchObject({ number: 2, action: 'nothing' });
    expect(await json('lifecycle', 'show', 'tiny')).toMatchObject({ live: true, champion: 1 });
  });
});

const facts: WindowFacts = {
  version: 1,
  from: '2026-01-01T00:00:00.000Z',
  to: '2026-01-01T01:00:00.000Z',
  rows: 1_234,
  compared: 1_234,
  tests: 2,
  columns: [
    { column: 'amount', test: 'ks', p: 1e-9, effect: 0.5, missing: 0, referenceMissing: 0 },
    { column: 'city', test: 'chi2', p: 0.4, effect: 0.02, missing: 0, referenceMissing: 0 },
  ],
  prediction: { test: 'ks', p: 1e-6, effect: 0.3 },
};

const shifted: WindowRow = {
  name: 'tiny',
  number: 1,
  version: 1,
  from: facts.from,
  to: facts.to,
  facts,
  verdict: {
    state: 'shifted',
    drifted: [{ column: 'amount', effect: 0.5 }],
    predictionDrifted: true,
    labelDrifted: false,
    quality: 'unknown',
    estimated: 'fell',
    faults: [],
    reason: 'Two columns moved.',
  },
  signal: { drift: true, fall: true, belowFloor: false, fault: false, reason: 'Drift in one of one.' },
};
