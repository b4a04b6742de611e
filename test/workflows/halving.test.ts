import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { boosting, csv, integers, logistic, logUniform, tree } from '../../config/define.ts';
import { summaryText } from '../../client/terminal/summaryText.ts';
import { openTerminal } from '../../client/terminal/terminal.ts';
import type { TrainingHandle } from '../../client/trainingHandle.ts';
import { nextStep, type HalvingState } from '../../decisions/search/halving.ts';
import { ids } from '../../workflows/messages.ts';
import { openBench, type Bench } from './bench.ts';
import { smallCsv } from './data.ts';
import { small } from './definitions.ts';
import { executionsOf } from './histories.ts';

/** Successive halving from the definition to `run show`: few candidates get all rows, and which is no matter of timing. */

vi.setConfig({ testTimeout: 240_000, hookTimeout: 120_000 });

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

/** Beside other tests on two cores. */
const LONG = { timeout: 180_000 };

const halved = (name: string, more: object = {}) =>
  small(bench, {
    name,
    sources: { parcels: csv(bench.write(`${name}-parcels.csv`, smallCsv({ rows: 1_200 }))) },
    search: [
      tree({ maxDepth: integers(1, 8), minLeaf: integers(1, 100, { log: true }) }, { candidates: 14 }),
      logistic({ l2: logUniform(0.01, 100) }, { candidates: 4 }),
    ],
    halving: { resource: 'rows', minimum: 100 },
    ...more,
  });

const trialsOf = async ({ name, run }: Pick<TrainingHandle, 'name' | 'run'>) =>
  (await bench.store.trials.list(name, run)).map((trial) => ({ ...trial, durationMs: undefined }));

describe('by rows', () => {
  test('few candidates get all of them, the others are stopped, and everybody can see where', async () => {
    const handle = await bench.client.train(halved('by-rows'));
    expect(await handle.result()).toMatchObject({ outcome: 'registered', version: 1 });
    const { name, run } = handle;
    const { candidates } = await bench.client.run(name, run);
    expect(candidates.map(({ index }) => index)).toEqual(Array.from({ length: 18 }, (_, i) => i));
    const full = candidates.filter(({ status }) => status === 'done');
    const stopped = candidates.filter(({ status }) => status === 'stopped');
    expect(full.length + stopped.length).toBe(18);
    expect(full.length).toBeGreaterThanOrEqual(1);
    expect(full.length).toBeLessThan(9);
    for (const { share } of full) expect(share).toBe(1);
    for (const { share, reason } of stopped)
      expect(reason).toContain(share === 1 / 9 ? 'with 11.1 %' : 'with 33.3 %');

    const progress = await handle.progress();
    expect(progress.candidates).toMatchObject({ total: 18, done: 18, failed: 0, full: full.length });
    const note = progress.stages.find(({ stage }) => stage === 'search')?.note;
    expect(note).toBe(`18 candidates, ${full.length} of them with the whole resource`);

    const summary = await bench.client.summary(name, run);
    expect(summary.leaderboard).toHaveLength(full.length);
    expect(summary.stopped).toHaveLength(stopped.length);
    const text = summaryText(summary, openTerminal({ json: true }).colors, { leaderboardRows: Infinity });
    expect(text).toContain(`stopped early, as others were better: ${stopped.length}`);
    expect(text).toMatch(/stopped: (tree|logistic) .* with 11.1 % of the resource/);
    const model = await bench.client.model(name);
    expect(model.cv?.mean).toBe(Math.max(...full.map(({ mean = NaN }) => mean)));
  });

  test('with all of them a candidate has the score that a plain search gives it', async () => {
    // Of one name, as that decides which rows are held out.
    const beside = await bench.client.train(halved('compared', { halving: undefined }));
    await beside.result();
    const handle = await bench.client.train(halved('compared'));
    await handle.result();
    const all = (await bench.client.run(beside.name, beside.run)).candidates;
    const full = (await bench.client.run(handle.name, handle.run)).candidates.filter(
      ({ status }) => status === 'done',
    );
    expect(full.length).toBeGreaterThanOrEqual(1);
    expect(full.map(({ index, mean, folds }) => ({ index, mean, folds }))).toEqual(
      full.map(({ index }) => ({ index, mean: all[index].mean, folds: all[index].folds })),
    );
  });

  test('one at a time or six, the trials are the same', async () => {
    const runs = [];
    for (const parallelism of [1, 6]) {
      const handle = await bench.client.train(halved('wide', { parallelism }));
      await handle.result();
      runs.push(await trialsOf(handle));
    }
    expect(runs[0].length).toBeGreaterThan(18);
    expect(runs[1]).toEqual(runs[0]);
  });

  test(
    'a long search continues as new, and its trials are what the decision says of their scores',
    LONG,
    async () => {
      // Some 375 trials of three events each at the least, however many of them one workflow task is told of.
      const search = [tree({ minLeaf: integers(1, 300), maxDepth: integers(1, 20) }, { candidates: 260 })];
      const handle = await bench.client.train(halved('long', { search, parallelism: 8 }));
      expect(await handle.result()).toMatchObject({ outcome: 'registered' });
      const executions = await executionsOf(bench.temporal, ids.search(handle.name, handle.run));
      expect(executions.length).toBeGreaterThan(1);
      const { candidates } = await bench.client.run(handle.name, handle.run);
      expect(candidates).toHaveLength(260);
      const trials = await trialsOf(handle);
      const scores = new Map(trials.map(({ index, rung, mean }) => [`${index} ${rung}`, mean]));
      const plan = { candidates: 260, reduction: 3, window: 8, better: 'higher' as const };
      const shares = [1 / 9, 1 / 3, 1];
      const state: HalvingState = { begun: [], results: [] };
      for (;;) {
        const step = nextStep({ ...plan, shares }, state);
        if (step === 'end') break;
        if (step !== 'read') state.begun.push(step.begin);
        else {
          const trial = state.begun[state.results.length];
          state.results.push({ ...trial, mean: scores.get(`${trial.candidate} ${trial.rung}`) });
        }
      }
      const said = state.begun.map(({ candidate, rung }) => `${candidate} ${rung}`);
      expect([...scores.keys()].sort()).toEqual(said.sort());
    },
  );
});

test('by rounds a candidate begins with few of them', async () => {
  const handle = await bench.client.train(
    halved('by-rounds', {
      search: [boosting({ rounds: 45, leaves: [2, 4, 8], minLeaf: [5, 20] })],
      halving: { resource: 'rounds', minimum: 5 },
    }),
  );
  expect(await handle.result()).toMatchObject({ outcome: 'registered' });
  const shares = new Set((await trialsOf(handle)).map(({ share }) => share));
  expect([...shares].sort()).toEqual([1 / 9, 1 / 3, 1]);
  expect((await bench.client.model('by-rounds')).params).toMatchObject({ rounds: 45 });
});
