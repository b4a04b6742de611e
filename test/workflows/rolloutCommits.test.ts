import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { openBench, type Bench } from './bench.ts';
import { aroundCommits } from './commits.ts';
import { eventually, leftBy, serve, startRollout, stopTraffic, twoVersions } from './rollouts.ts';

/**
 * Every commit of a rollout is tried three times: the first call is lost before it reaches the database, of the second
 * the answer is lost, the third comes through. The outcome is that of an undisturbed one, and each effect stands once.
 */

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000, maxConcurrency: 4 });

let bench: Bench;
const tries = new Map<string, number>();
beforeAll(async () => {
  bench = await openBench({
    store: (own) =>
      aroundCommits(own, async (commit, call) => {
        const times = (tries.get(commit) ?? 0) + 1;
        // Each look costs three seconds so; the first two stand for all.
        const harmed = !commit.startsWith('undisturbed') && !/look ([3-9]|\d\d)/.test(commit);
        tries.set(commit, times);
        if (harmed && times === 1) throw new Error('Connection terminated unexpectedly');
        const result = await call();
        if (harmed && times === 2) throw new Error('Connection terminated unexpectedly');
        return result;
      }),
  });
});
afterAll(async () => {
  await stopTraffic();
  await bench.close();
});

test.concurrent('a promotion with an approval and a probation', async () => {
  const [disturbed, undisturbed] = await Promise.all(['promoted', 'undisturbed-promoted'].map(promoted));
  expect(disturbed).toEqual(undisturbed);
  expect(disturbed).toEqual({
    outcome: 'promoted',
    status: 'promoted',
    states: ['1', '1 +2 at 0', '1 +2 at 0.1', '2 standby 1', '2'],
    audit: ['rollout.open', 'rollout.approve by ann', 'rollout.close'],
    routeChanges: 5,
    looksInOrder: true,
  });
  expect(commitsOf('promoted')).toEqual([
    'close',
    'look 1',
    'look 2',
    'note rollout.approve',
    'open',
    'promoted',
    ...['prepare', 'promote', 'release', 'stage/0'].map((change) => `route ${change}`),
  ]);
});

test.concurrent('a rollback by itself', async () => {
  const [disturbed, undisturbed] = await Promise.all(['failing', 'undisturbed-failing'].map(failing));
  expect(disturbed).toEqual(undisturbed);
  expect(disturbed).toMatchObject({
    outcome: 'rolled-back',
    states: ['1', '1 +2 at 0', '1 +2 at 0.1', '1'],
    audit: ['rollout.open', 'rollout.close'],
    routeChanges: 4,
  });
  expect(commitsOf('failing')).toEqual(expect.arrayContaining(['close', 'route restore']));
});

async function promoted(name: string) {
  await twoVersions(bench.store, name);
  const started = await startRollout(bench, name, { approve: true, probationMs: 2_000 });
  const traffic = serve(bench.store, name, { keys: 20 });
  await started.until('awaiting-approval');
  await started.order('approve');
  return outcomeOf(name, await started.handle.result(), traffic);
}

async function failing(name: string) {
  await twoVersions(bench.store, name);
  const started = await startRollout(bench, name);
  const traffic = serve(bench.store, name, { keys: 20, errors: { 2: 0.9 } });
  return outcomeOf(name, await started.handle.result(), traffic);
}

async function outcomeOf(
  name: string,
  { outcome }: { outcome: string },
  traffic: { stop: () => Promise<void> },
) {
  await traffic.stop();
  const { states, audit, looks, row } = await leftBy(bench.store, name);
  const ofRoute = await bench.store.audit.list(`route/${name}`);
  await eventually(async () => expect((await bench.store.audit.verify()).intact).toBe(true));
  return {
    outcome,
    status: row?.status,
    states,
    audit,
    routeChanges: ofRoute.length,
    looksInOrder: looks.every(({ index }, i) => index === i + 1),
  };
}

/** Those that were tried three times. */
function commitsOf(name: string): string[] {
  const own = [...tries].filter(([commit, times]) => commit.startsWith(`${name} `) && times >= 3);
  return own.map(([commit]) => commit.slice(name.length + 1)).sort();
}
