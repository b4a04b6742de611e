import { afterAll, beforeAll, expect, test } from 'vitest';
import { readEvaluation } from '../../activities/evaluation.ts';
import { forest, logistic, ridge, type LifecycleInput } from '../../config/define.ts';
import { openBench, type Bench } from './bench.ts';
import { small } from './definitions.ts';

/**
 * `calibrate` goes the whole way: the registered file answers as the calibrated learner, is the same bytes each time, and
 * is another one than without. A target of numbers ends the run and says so.
 */

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

const train = async (name: string, more: Partial<LifecycleInput>) =>
  (await bench.client.train(small(bench, { name, ...more }))).result();

test('isotonic, where the refit sees more rows than the search, by folds of a column', async () => {
  const more: Partial<LifecycleInput> = {
    dataset: 'SELECT id, size, colour, late, 1 + id % 3 AS importance FROM parcels',
    weight: 'importance',
    search: [forest({ trees: 20 })],
    // Of rows that get one probability isotonic regression no longer says who is ahead: less of rocAuc.
    select: { folds: 3, cv: { kind: 'group', column: 'colour' }, tolerance: 0.2 },
    sample: { search: 200 },
  };
  expect(await train('isotonic', more)).toMatchObject({ outcome: 'registered', version: 1 });
  expect(await train('isotonic', { ...more, calibrate: 'isotonic' })).toMatchObject({ version: 2 });
  // Fitted once more, it is the version that is there.
  expect(await train('isotonic', { ...more, calibrate: 'isotonic' })).toMatchObject({ version: 2 });
  expect(await says('isotonic', 1)).toBe(false);
  expect(await says('isotonic', 2)).toBe(true);
  const [plain, calibrated] = [
    await bench.client.model('isotonic', 1),
    await bench.client.model('isotonic', 2),
  ];
  expect(calibrated.metrics.accuracy).toBeGreaterThan(0.8);
  expect(calibrated.metrics.brier).not.toBe(plain.metrics.brier);
});

test('sigmoids of three classes', async () => {
  const more: Partial<LifecycleInput> = {
    dataset: 'SELECT id, size, colour, grade AS late FROM parcels',
    search: [logistic()],
    calibrate: 'sigmoid',
  };
  expect(await train('sigmoid', more)).toMatchObject({ outcome: 'registered', version: 1 });
  expect(await says('sigmoid', 1)).toBe(true);
  expect((await bench.client.model('sigmoid')).metrics.accuracy).toBeGreaterThan(0.7);
  expect(await card('sigmoid')).toContain('Its probabilities are calibrated: sigmoids');
});

test('numbers are refused', async () => {
  const dataset = 'SELECT id, size, colour, cost AS late FROM parcels';
  await expect(train('numbers', { dataset, search: [ridge()], calibrate: 'sigmoid' })).rejects.toThrow(
    /calibrate is "sigmoid", and the target's task is regression; expected none/,
  );
});

/** The newest version's model card. */
async function card(name: string): Promise<string> {
  const { evaluationDigest = '' } = await bench.client.model(name);
  const { reportDigest } = await readEvaluation(bench.store, evaluationDigest);
  return new TextDecoder().decode(await bench.store.artifacts.get(reportDigest));
}

/** Whether the version's file says that it is calibrated. */
async function says(name: string, version: number): Promise<boolean> {
  const { digest } = await bench.client.model(name, version);
  return Buffer.from(await bench.store.artifacts.get(digest)).includes('calibrate');
}
