import { RawValue } from '@temporalio/common';
import { Worker, NativeConnection } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { CanaryInput } from '../../decisions/canary/policy.ts';
import type { CustomGuardAnswer, CustomGuardQuestion } from '../../workflows/rolloutMessages.ts';
import { openBench, type Bench } from './bench.ts';
import {
  answersOf,
  eventually,
  leftBy,
  QUICK,
  serve,
  startRollout,
  stopTraffic,
  twoVersions,
  type Behaviour,
} from './rollouts.ts';

/** How a rollout ends, and what it leaves in the route, its row, its looks and the audit. */

// A rollout mostly waits for its next look: several at a time.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000, maxConcurrency: 6 });

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(async () => {
  await stopTraffic();
  await bench.close();
});

/** A rollout under traffic of that kind. */
async function rollOut(name: string, behaviour: Behaviour, policy: CanaryInput = {}) {
  await twoVersions(bench.store, name);
  const started = await startRollout(bench, name, policy);
  const traffic = serve(bench.store, name, behaviour);
  return { ...started, traffic };
}

describe.concurrent('a challenger', () => {
  test('that shows no errors gets 10 % and then every key', async () => {
    const { handle, traffic } = await rollOut('good', {});
    const result = await handle.result();
    await traffic.stop();
    expect(result).toMatchObject({ outcome: 'promoted', championVersion: 1, challengerVersion: 2 });
    const left = await leftBy(bench.store, 'good');
    expect(left.route).toMatchObject({ championVersion: 2, weight: 0, logInputs: false });
    expect(left.route).not.toHaveProperty('rolloutId');
    expect(left.states).toEqual(['1', '1 +2 at 0', '1 +2 at 0.1', '2']);
    expect(left.row).toMatchObject({ status: 'promoted', reason: result.reason });
    expect(left.row?.promotedAt).toBeDefined();
    expect(left.looks.map(({ index }) => index)).toEqual(left.looks.map((_, i) => i + 1));
    expect(left.looks.at(-1)?.verdict).toMatchObject({ action: 'promote', reason: result.reason });
    expect(left.looks).toHaveLength(result.looks);
    expect(left.audit).toEqual(['rollout.open', 'rollout.close']);
  });

  test('goes through every step, and is told from its new champion in the probation', async () => {
    const { handle, traffic } = await rollOut('steps', {}, { steps: [10, 50], probationMs: 5_000 });
    const result = await handle.result();
    await traffic.stop();
    expect(result).toMatchObject({ outcome: 'promoted' });
    const left = await leftBy(bench.store, 'steps');
    expect(left.states).toEqual(['1', '1 +2 at 0', '1 +2 at 0.1', '1 +2 at 0.5', '2 standby 1', '2']);
    expect(new Set(left.looks.map(({ stage }) => stage))).toEqual(new Set([0, 1, 2]));
    const probation = left.looks.at(-1)?.counts.stages.at(-1);
    expect(probation).toMatchObject({ stage: 2, weight: 1, champion: { requests: 0 } });
    expect(probation?.challenger.requests).toBeGreaterThan(0);
  });

  test('that answers with errors is rolled back, with the champion restored', async () => {
    const { handle, traffic } = await rollOut('errors', { errors: { 2: 0.5 } });
    const result = await handle.result();
    await traffic.stop();
    expect(result).toMatchObject({
      outcome: 'rolled-back',
      reason: expect.stringContaining('errors') as string,
    });
    const left = await leftBy(bench.store, 'errors');
    expect(left.states).toEqual(['1', '1 +2 at 0', '1 +2 at 0.1', '1']);
    expect(left.row).toMatchObject({ status: 'rolled-back' });
    expect(left.row?.promotedAt).toBeUndefined();
    expect(left.looks.at(-1)?.verdict.action).toBe('rollback');
  });

  test('about which nothing is shown in its time is inconclusive, and goes back', async () => {
    await twoVersions(bench.store, 'silent');
    const { handle } = await startRollout(bench, 'silent', { maxDurationMs: 2_000 });
    expect(await handle.result()).toMatchObject({ outcome: 'inconclusive' });
    expect((await leftBy(bench.store, 'silent')).states).toEqual(['1', '1 +2 at 0', '1 +2 at 0.1', '1']);
  });

  test('that gets other keys than its share is held, and a person sees why; resumed it is never promoted by itself', async () => {
    const crooked: Behaviour = { assign: (key) => Number(key.slice(1)) % 2 === 0 };
    const started = await rollOut('crooked', crooked);
    const held = async () => (await started.progress()).held;
    await eventually(async () => expect(await held()).toContain('where its weight is 10 %'));
    await expect(started.order('approve')).rejects.toMatchObject({ cause: { type: 'ROLLOUT_PHASE' } });
    const resumed = await started.order('resume', 'two offices share a key');
    expect(resumed).toMatchObject({ phase: 'serving', holdAccepted: true });
    expect(resumed.held).toBeUndefined();
    const { looks } = resumed;
    await eventually(async () => expect((await started.progress()).looks).toBeGreaterThan(looks + 1));
    expect(await started.progress()).toMatchObject({
      phase: 'serving',
      last: { verdict: { action: 'hold' } },
    });
    expect(await started.order('promote', 'it is understood')).toMatchObject({
      phase: 'ended',
      outcome: 'promoted',
    });
    await started.traffic.stop();
    const left = await leftBy(bench.store, 'crooked');
    expect(left.audit).toEqual([
      'rollout.open',
      'rollout.resume by ann',
      'rollout.promote by ann',
      'rollout.close',
    ]);
  });
});

describe.concurrent('accuracy on labelled keys', () => {
  const accuracy: CanaryInput['guards'] = {
    ...QUICK.guards,
    accuracy: { minPairs: 50, margin: 0.25, labelHorizonMs: 0 },
  };

  test.for([
    { name: 'truer', right: 2, outcome: 'promoted' },
    { name: 'wronger', right: 1, outcome: 'rolled-back' },
  ] as const)('a challenger that is $name than the champion: $outcome', async ({ name, right, outcome }) => {
    await twoVersions(bench.store, name);
    const truth = await answersOf(bench.store, name, right);
    const started = await startRollout(bench, name, { guards: accuracy });
    const traffic = serve(bench.store, name, { keys: 100, truth: truth.label });
    const result = await started.handle.result();
    await traffic.stop();
    await truth.close();
    expect(result).toMatchObject({ outcome });
    const left = await leftBy(bench.store, name);
    const pairs = left.looks.at(-1)?.counts.pairs;
    expect(pairs?.pairs).toBeGreaterThanOrEqual(50);
    expect(right === 2 ? pairs?.challengerLoss : pairs?.championLoss).toBe(0);
    expect(right === 2 ? pairs?.championLoss : pairs?.challengerLoss).toBeGreaterThan(0);
    // Inputs are logged for as long as the rollout needs them.
    expect(left.history.map(({ logInputs }) => logInputs)).toEqual([false, true, true, false]);
  });

  test('late labels of the probation bring the old champion back', async () => {
    const name = 'late';
    await twoVersions(bench.store, name);
    const truth = await answersOf(bench.store, name, 1);
    const started = await startRollout(bench, name, { guards: accuracy, probationMs: 600_000 });
    const before = serve(bench.store, name, {});
    await started.until('serving');
    await started.order('promote', 'the board wants it');
    expect(await bench.store.routes.get(name)).toMatchObject({ championVersion: 2, standbyVersion: 1 });
    await before.stop();
    const traffic = serve(bench.store, name, { keys: 100, truth: truth.label });
    const result = await started.handle.result();
    await traffic.stop();
    await truth.close();
    expect(result).toMatchObject({
      outcome: 'rolled-back',
      reason: expect.stringContaining('accuracy') as string,
    });
    const left = await leftBy(bench.store, name);
    expect(left.states).toEqual(['1', '1 +2 at 0', '1 +2 at 0.1', '2 standby 1', '1']);
    expect(left.row).toMatchObject({ status: 'rolled-back' });
    expect(left.row?.promotedAt).toBeDefined();
  });

  test('labels that are no class are counted and told, and the others are scored', async () => {
    const name = 'odd-labels';
    await twoVersions(bench.store, name);
    const truth = await answersOf(bench.store, name, 2);
    const started = await startRollout(bench, name, { guards: accuracy, approve: true });
    const traffic = serve(bench.store, name, {
      keys: 100,
      truth: async (row, index) => (index % 10 === 0 ? 'perhaps' : truth.label(row)),
    });
    await started.until('awaiting-approval');
    await traffic.stop();
    await eventually(async () =>
      expect((await started.progress()).notes.labels).toMatch(
        /^\d+ labelled keys? cannot be scored, for example: "perhaps" is none of false, true$/,
      ),
    );
    expect(await started.order('approve')).toMatchObject({ outcome: 'promoted' });
    await truth.close();
  });

  test('a loss that has no bound is refused before anything is changed', async () => {
    const name = 'boundless';
    await twoVersions(bench.store, name, { task: 'regression' });
    const { handle } = await startRollout(bench, name, { guards: { accuracy: {} } });
    await expect(handle.result()).rejects.toMatchObject({ cause: { cause: { type: 'INVALID_INPUT' } } });
    expect(await leftBy(bench.store, name)).toMatchObject({ states: ['1'], row: undefined, audit: [] });
  });
});

describe.concurrent("guards of the user's own", () => {
  const custom = (more: object = {}): CanaryInput => ({
    guards: {
      errors: false,
      latency: false,
      custom: [
        { name: 'revenue', activity: 'judgeRevenue', taskQueue: 'somebody', timeoutMs: 1_000, ...more },
      ],
    },
  });

  test('are asked on their task queue, and their word counts', async () => {
    const questions: CustomGuardQuestion[] = [];
    const judgeRevenue = (question: CustomGuardQuestion): Promise<CustomGuardAnswer | RawValue> => {
      questions.push(question);
      if (question.look > 1) return Promise.resolve({ state: 'fail', reason: 'It sells less.' });
      // As Python writes it: no JSON, which must not stop the rollout.
      const [encoding, data] = ['json/plain', '{"state": "undecided", "reason": "early", "p": NaN}'].map(
        (text) => new TextEncoder().encode(text),
      );
      return Promise.resolve(RawValue.fromPayload({ metadata: { encoding }, data }));
    };
    const connection = await NativeConnection.connect({ address: bench.environment.temporalAddress });
    const { namespace } = bench.environment;
    const worker = await Worker.create({
      connection,
      namespace,
      taskQueue: 'somebody',
      activities: { judgeRevenue },
    });
    await worker.runUntil(async () => {
      const { id, handle, traffic } = await rollOut(
        'custom',
        {},
        // It has as long to answer as there is between two looks.
        { ...custom({ timeoutMs: 30_000, parameters: { floor: 3 } }), everyMs: 10_000 },
      );
      const result = await handle.result();
      await traffic.stop();
      expect(result).toMatchObject({ outcome: 'rolled-back', reason: 'revenue: It sells less.', looks: 2 });
      expect(questions).toMatchObject([
        { apiVersion: 1, rollout: id, name: 'custom', championVersion: 1, challengerVersion: 2, look: 1 },
        { stage: 0, weight: 0.1, look: 2, parameters: { floor: 3 } },
      ]);
    });
    await connection.close();
    expect((await leftBy(bench.store, 'custom')).looks[0].counts.custom).toEqual([
      {
        guard: 'revenue',
        state: 'undecided',
        reason: 'It answered something else than { state: pass, fail or undecided, reason }.',
      },
    ]);
  });

  test('that nobody answers for are undecided, and hold no look up for longer than their time', async () => {
    const absent = custom({ taskQueue: 'nobody' });
    const { handle, traffic } = await rollOut('absent', {}, { ...absent, maxDurationMs: 3_000 });
    expect(await handle.result()).toMatchObject({ outcome: 'inconclusive' });
    await traffic.stop();
    const { looks } = await leftBy(bench.store, 'absent');
    expect(looks[0].counts.custom).toEqual([
      { guard: 'revenue', state: 'undecided', reason: expect.stringContaining('No answer') as string },
    ]);
  });

  test('that are away for a month delay no rollback by the others', async () => {
    const month = custom({ taskQueue: 'nobody', timeoutMs: 30 * 86_400_000 }).guards?.custom;
    const guards = { ...QUICK.guards, custom: month };
    const { handle, traffic } = await rollOut('away', { errors: { 2: 0.9 } }, { guards });
    expect(await handle.result()).toMatchObject({
      outcome: 'rolled-back',
      reason: expect.stringMatching(/^errors: /) as string,
    });
    await traffic.stop();
    const { looks } = await leftBy(bench.store, 'away');
    expect(looks.at(-1)).toMatchObject({ counts: { custom: [] }, verdict: { action: 'rollback' } });
  });
});
