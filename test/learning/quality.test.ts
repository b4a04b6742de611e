import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { encodeSeed, materialize } from '../../bench/quality/encoded.ts';
import { keptScores, readGolden } from '../../bench/quality/golden.ts';
import { betterOf, scoreOurs } from '../../bench/quality/ours.ts';
import { compareScores } from '../../bench/quality/rule.ts';
import { QUALITY_SETS } from '../../bench/quality/sets.ts';
import { METRICS, type MetricName } from '../../learning/metrics/names.ts';
import { createPool, type ComputePool } from '../../compute/pool.ts';

/**
 * On real sets, through the way of a training, learners are as good as scikit-learn's and LightGBM's on the same rows and
 * folds. The whole is `npm run bench -- quality`, with ten seeds; here are the first of them, and the learners whose fits
 * take a second at most. The peers' scores were kept by `npm run bench -- quality --peer-python PATH --golden`.
 */

vi.setConfig({ testTimeout: 240_000 });

/** Two cross-validations of everything below take half a minute of a core. */
const SEEDS = 2;
/** Those that the whole compares and these tests do not: five times the time for what other tests hold already. */
const SLOW = new Set(['extraTrees', 'linearSvm', 'digits boosting']);
/** A mean over some seeds lies within so many of its standard errors of the mean over all. */
const SIGMAS = 3;

const data = fileURLToPath(new URL('../../../shared/data/', import.meta.url));
const golden = readGolden();
const scratch = mkdtempSync(join(tmpdir(), 'perennial-quality-test-'));
let pool: ComputePool;
beforeAll(() => {
  pool = createPool({ threads: 1 });
});
afterAll(async () => {
  await pool.close();
  rmSync(scratch, { recursive: true, force: true });
});

describe('as good as the peers:', () => {
  test.for(Object.entries(QUALITY_SETS))('%s', async ([name, set], { skip }) => {
    const { needs } = set;
    skip(
      needs !== undefined && !existsSync(join(data, needs)),
      `needs ${data}, which is not part of the repository`,
    );
    const definition = set.define({ data, scratch });
    const where = { path: await materialize(definition, scratch), scratch, pool };
    const kept = golden.sets[name].scores;
    const learners = Object.keys(kept).filter((one) => !SLOW.has(one) && !SLOW.has(`${name} ${one}`));
    expect(learners.length).toBeGreaterThan(4);
    const ours: Record<string, number[][]> = {};
    for (let seed = 1; seed <= SEEDS; seed++) {
      const encoded = await encodeSeed(definition, seed, where);
      for (const learner of learners) {
        // That the peers saw these very rows is looked at here.
        expect(keptScores(golden, name, learner, seed, encoded.digest)).toBeDefined();
        const { scores } = await scoreOurs(pool, encoded, learner, seed);
        for (const [metric, folds] of Object.entries(scores))
          (ours[`${learner} ${metric}`] ??= []).push(folds);
      }
    }
    const worse = Object.entries(ours).flatMap(([key, scores]) => {
      const [learner, metric] = key.split(' ');
      const theirs = kept[learner][metric];
      if (!isMetric(metric)) throw new Error(`${metric} is no metric.`);
      const better = betterOf(metric);
      // One standard error of the peer over all seeds, and what the mean over these few may differ from that over all.
      const { theirsError } = compareScores(theirs, theirs, better);
      const { gain, gainError } = compareScores(scores, theirs, better);
      return gain >= -theirsError - SIGMAS * gainError ? [] : [{ key, gain, theirsError, gainError }];
    });
    expect(worse).toEqual([]);
    expect(Object.keys(ours)).toHaveLength(2 * learners.length);
  });
});

test('the peers were measured on ten seeds of five folds, on every set, each learner of the task', () => {
  expect(Object.keys(golden.sets).sort()).toEqual(Object.keys(QUALITY_SETS).sort());
  for (const { digests, scores } of Object.values(golden.sets)) {
    expect(digests.length).toBeGreaterThanOrEqual(10);
    for (const seeds of Object.values(scores).flatMap((metrics) => Object.values(metrics)))
      expect(seeds.map((folds) => folds.length)).toEqual(digests.map(() => 5));
  }
});

describe('the rule', () => {
  const theirs = [
    [0.8, 0.9],
    [0.7, 0.8],
  ];
  const shifted = (by: number) => theirs.map((folds) => folds.map((score) => score + by));
  // The deviation (ddof 1) of the four is 0.0816, its half the standard error.
  test.each([
    [0.001, 'higher', 'better'],
    [-0.04, 'higher', 'within'],
    [-0.042, 'higher', 'short'],
    [-0.001, 'lower', 'better'],
    [0.04, 'lower', 'within'],
    [0.042, 'lower', 'short'],
  ] as const)('%s where %s is better is %s', (by, better, verdict) => {
    const found = compareScores(shifted(by), theirs, better);
    expect(found.verdict).toBe(verdict);
    expect(found.theirsError).toBeCloseTo(0.040825, 6);
    expect(found.gainError).toBeCloseTo(0, 12);
  });

  test('of fewer seeds than the peer has compares these, with the error of as many', () => {
    const found = compareScores([[0.8, 0.9]], theirs, 'higher');
    expect(found).toMatchObject({ gain: 0, verdict: 'better' });
    expect(found.theirsError).toBeCloseTo(0.08165 / Math.SQRT2, 5);
  });
});

test('scores of a peer that saw other rows are refused', () => {
  expect(() => keptScores(golden, 'cancer', 'tree', 1, 'other rows')).toThrow(/the peers saw the rows/);
  expect(keptScores(golden, 'cancer', 'no learner', 1, 'other rows')).toBeUndefined();
});

function isMetric(name: string): name is MetricName {
  return Object.hasOwn(METRICS, name);
}
