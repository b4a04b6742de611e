import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { workflowBundle } from '../setup/bundle.ts';
import { openBench, type Bench } from './bench.ts';
import { leftBy, serve, startRollout, stopTraffic, twoVersions } from './rollouts.ts';
import type { Settings } from './rolloutWorker.ts';

/**
 * The orchestrator is killed, without a chance to tidy up, right before and right after the commits that decide a
 * rollout (rolloutCommits.test.ts has all of them); another one is started each time. The outcome is that of an
 * undisturbed rollout, and each effect stands once.
 */

// A killed worker is noticed when its heartbeats stop (10 s): four rollouts at the same time, each killed twice.
vi.setConfig({ testTimeout: 400_000, hookTimeout: 180_000 });

/** By the rollout that is killed there. */
const COMMITS = {
  'killed-open': 'open',
  'killed-promote': 'route promote',
  'killed-close': 'close',
  'failing-restore': 'route restore',
};
const NAMES = Object.keys(COMMITS);
const PLACES = Object.entries(COMMITS).flatMap(([name, commit]) =>
  ['before', 'after'].map((when) => `${when} ${name} ${commit}`),
);
const ORCHESTRATORS = 2;

let bench: Bench;
let orchestrators: ReturnType<typeof keepOrchestrators>;
beforeAll(async () => {
  bench = await openBench({ orchestrator: false });
  await Promise.all([...NAMES, 'undisturbed', 'failing'].map((name) => twoVersions(bench.store, name)));
  orchestrators = keepOrchestrators();
});
afterAll(async () => {
  await stopTraffic();
  await orchestrators.stop();
  await bench.close();
});

test('a rollout outlives the orchestrator before and after its commits', async () => {
  const [promoted, failed, ...others] = await Promise.all(
    ['undisturbed', 'failing', ...NAMES].map(outcomeOf),
  );
  expect(orchestrators.deaths().sort()).toEqual([...PLACES].sort());
  expect(promoted).toEqual({
    outcome: 'promoted',
    status: 'promoted',
    states: ['1', '1 +2 at 0', '1 +2 at 0.1', '2 standby 1', '2'],
    audit: ['rollout.open', 'rollout.close'],
    routeChanges: 5,
    looksInOrder: true,
  });
  expect(failed).toMatchObject({
    outcome: 'rolled-back',
    states: ['1', '1 +2 at 0', '1 +2 at 0.1', '1'],
    audit: ['rollout.open', 'rollout.close'],
    routeChanges: 4,
  });
  expect(Object.fromEntries(NAMES.map((name, i) => [name, others[i]]))).toEqual(
    Object.fromEntries(NAMES.map((name) => [name, name.startsWith('failing') ? failed : promoted])),
  );
  expect((await bench.store.audit.verify()).intact).toBe(true);
});

async function outcomeOf(name: string) {
  const { store } = bench;
  const failing = name.startsWith('failing');
  const started = await startRollout(bench, name, { probationMs: 1_000 });
  const traffic = serve(store, name, { keys: 100, tickMs: 1_000, errors: { 2: failing ? 0.9 : 0 } });
  const { outcome } = await started.handle.result();
  await traffic.stop();
  const { states, audit, looks, row } = await leftBy(store, name);
  return {
    outcome,
    status: row?.status,
    states,
    audit,
    routeChanges: (await store.audit.list(`route/${name}`)).length,
    looksInOrder: looks.every(({ index }, i) => index === i + 1),
  };
}

/** Starts orchestrators, and another one whenever one dies, until stopped. */
function keepOrchestrators() {
  const { temporalAddress = '', namespace, databaseUrl = '' } = bench.environment;
  const deaths = bench.write('deaths', '');
  const { codePath } = workflowBundle();
  const settings: Settings = {
    address: temporalAddress,
    namespace,
    databaseUrl,
    codePath,
    deaths,
    places: PLACES,
  };
  const script = fileURLToPath(new URL('./rolloutWorker.ts', import.meta.url));
  let stopped = false;
  const running = new Set<ChildProcess>();
  const keep = async (): Promise<void> => {
    while (!stopped) {
      const child = fork(script, [JSON.stringify(settings)], {
        execArgv: ['--import', 'tsx'],
        stdio: 'ignore',
      });
      running.add(child);
      await once(child, 'exit');
      running.delete(child);
    }
  };
  const ended = Promise.all(Array.from({ length: ORCHESTRATORS }, keep));
  return {
    deaths: () => readFileSync(deaths, 'utf8').split('\n').filter(Boolean),
    async stop() {
      stopped = true;
      for (const child of running) child.kill('SIGKILL');
      await ended;
    },
  };
}
