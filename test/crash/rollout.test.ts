import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test, vi, type TestContext } from 'vitest';
import { isRunning, waitUntil, type ProcessMark } from '../../embedded/processes.ts';
import { stopStack } from '../../embedded/stack.ts';
import { readStack, type StackInfo } from '../../embedded/stackFile.ts';
import { eventually } from '../workflows/rollouts.ts';
import { hold } from './hold.ts';
import { freshHome, install, logsOf, open, type Installation } from './installation.ts';
import { trainContest, type Contest } from './rolloutModels.ts';
import { beginStory, each, FIRST_STAGE, NAMES, type Name, type Story } from './rolloutStory.ts';

/**
 * Whatever process dies in the middle of a rollout, without a chance to tidy up: the better challenger is promoted and
 * the worse one rolled back as in an undisturbed run, each effect stands once, no client sees a wrong answer, and of
 * the answered requests none is missing in the log but the newest of a killed gateway.
 */

// Most of a scenario waits for heartbeats that do not come (10 and 15 s): two at a time on two cores.
vi.setConfig({ testTimeout: 400_000, hookTimeout: 60_000, maxConcurrency: 2 });

let contest: Contest;
beforeAll(async () => {
  contest = await trainContest();
});

const common = {
  audit: ['rollout.open by ann', 'rollout.close'],
  looksWithoutGap: true,
  held: [],
  auditIntact: true,
};
const UNDISTURBED = {
  better: {
    ...common,
    status: 'promoted',
    states: ['1', '1 +2 at 0', '1 +2 at 0.2', '1 +2 at 0.5', '2 standby 1', '2'],
    ...changes(6),
    audit: ['rollout.open by ann', 'rollout.approve by ann', 'rollout.close'],
    champions: [2],
  },
  worse: {
    ...common,
    status: 'rolled-back',
    states: ['1', '1 +2 at 0', '1 +2 at 0.2', '1'],
    ...changes(4),
    champions: [1],
  },
};

describe.concurrent('two rollouts', () => {
  test('of which nobody is disturbed: one is promoted, one rolled back', async (context) => {
    const story = await beginStory(await fresh(context), contest, context);
    await finish(story);
    await expectAsUndisturbed(story);
  });

  test('go on after a SIGKILL of the gateway in the canary', async (context) => {
    const installation = await fresh(context);
    const story = await beginStory(installation, contest, context);
    await story.untilLooks(1);
    const deadAt = await kill(installation.stack.info, 'gateway-0');
    await finish(story);
    await expectLanded(story, deadAt, FIRST_STAGE);
    for (const name of NAMES) expect(story.traffic[name].retried).toBeGreaterThan(0);
    await expectAsUndisturbed(story, deadAt);
  });

  test('go on after SIGKILLs of the orchestrator right after the route was changed', async (context) => {
    const installation = await fresh(context);
    const { info } = installation.stack;
    // Nothing that follows a change of the route can be committed before it is let go.
    const looks = await hold(installation, 'INSERT ON rollout_looks');
    const story = await beginStory(installation, contest, context);
    await story.untilRevision({ better: FIRST_STAGE, worse: FIRST_STAGE });
    const staged = await kill(info, 'orchestrator-0');
    expect(await each(async (name) => story.at.store.rollouts.looks(name, 1))).toEqual({
      better: [],
      worse: [],
    });
    await looks.release();

    const ends = await hold(installation, 'UPDATE OF promoted_at, status ON rollouts');
    story.tell();
    await story.untilAwaitingApproval();
    const approved = story.approve();
    await story.untilRevision({ better: 5, worse: 4 });
    await kill(info, 'orchestrator-0');
    const rows = await each(async (name) => story.at.store.rollouts.get(name, 1));
    expect(rows).toMatchObject({ better: { status: 'running' }, worse: { status: 'running' } });
    expect(rows.better?.promotedAt).toBeUndefined();
    await ends.release();
    await approved;
    await story.untilEnded();
    await expectLanded(story, staged, FIRST_STAGE);
    await expectAsUndisturbed(story);
  });

  test('go on after a SIGKILL of the trainer while it scores pairs', async (context) => {
    const installation = await fresh(context);
    const pairs = await hold(installation, 'INSERT ON rollout_pairs');
    const story = await beginStory(installation, contest, context);
    story.tell();
    await eventually(async () => expect(await pairs.waiting()).toBe(NAMES.length));
    const deadAt = await kill(installation.stack.info, 'trainer-0');
    // Else what it had sent may yet be done, and nothing would be left for another trainer.
    await pairs.abandon();
    const scored = async (name: Name) => (await story.at.store.rollouts.counts(name, 1, [])).pairs?.pairs;
    expect(await each(scored)).toEqual({ better: 0, worse: 0 });
    await pairs.release();
    await finish(story);
    await expectLanded(story, deadAt, FIRST_STAGE);
    for (const name of NAMES) {
      const last = (await story.at.store.rollouts.looks(name, 1)).at(-1);
      expect(last?.counts.pairs?.pairs, `what the next trainer scored of ${name}`).toBeGreaterThanOrEqual(
        200,
      );
    }
    await expectAsUndisturbed(story);
  });

  test('go on after SIGKILLs of Postgres until gateways served the champion alone', async (context) => {
    const installation = await fresh(context);
    const { info } = installation.stack;
    const story = await beginStory(installation, contest, context);
    await story.untilLooks(1);
    const deadAt = await kill(info, 'postgres');
    const alone = () =>
      NAMES.every((name) =>
        story.traffic[name].answered.some(
          ({ receivedAt, rows }) => receivedAt > deadAt && rows.some(({ arm }) => arm === 'direct'),
        ),
      );
    // The supervisor brings it back within a second; a lease lasts 5.
    for (; !alone(); await pause(20)) if (isRunning(info.parts.postgres)) await kill(info, 'postgres');
    await finish(story);
    await expectLanded(story, deadAt, FIRST_STAGE);
    await expectAsUndisturbed(story);
  });

  test('go on after a SIGKILL of the Temporal server', async (context) => {
    const installation = await fresh(context);
    const story = await beginStory(installation, contest, context);
    await story.untilLooks(1);
    const deadAt = await kill(installation.stack.info, 'temporal');
    await finish(story);
    await expectLanded(story, deadAt, FIRST_STAGE);
    await expectAsUndisturbed(story);
  });

  test('go on in a new stack after a SIGKILL of the supervisor and every other process', async (context) => {
    const { environment, remove } = freshHome();
    context.onTestFinished(async () => {
      if (context.task.result?.state === 'fail') process.stderr.write(logsOf(environment));
      await stopStack(environment.home);
      remove();
    });
    const supervisor = fork(fileURLToPath(new URL('./supervised.ts', import.meta.url)), [environment.home], {
      execArgv: ['--import', 'tsx'],
    });
    const [first] = (await once(supervisor, 'message')) as [StackInfo];
    const before = await open(environment, first);
    const stack = { info: first, stop: () => Promise.resolve() };
    const story = await beginStory(
      { ...before, environment, stack, stop: () => before.close() },
      contest,
      context,
    );
    await story.untilLooks(1);
    const { supervisor: mark, parts } = readStack(environment.home) as StackInfo;
    const deadAt = await killAll([mark, ...Object.values(parts)]);
    await before.close();

    const installation = await install(environment);
    context.onTestFinished(() => installation.stop());
    story.at = installation;
    await finish(story);
    await expectLanded(story, deadAt, FIRST_STAGE);
    await expectAsUndisturbed(story, deadAt);
  });
});

async function finish(story: Story): Promise<void> {
  story.tell();
  await story.untilAwaitingApproval();
  await story.approve();
  await story.untilEnded();
}

/** @param gatewayDeadAt epoch milliseconds */
async function expectAsUndisturbed(story: Story, gatewayDeadAt?: number): Promise<void> {
  const { outcomes, log } = await story.left(gatewayDeadAt);
  expect(outcomes).toEqual(UNDISTURBED);
  for (const name of NAMES) {
    const { twice, wrong, missing, records } = log[name];
    expect(story.traffic[name].wrong).toEqual([]);
    expect(twice).toEqual([]);
    expect(wrong).toEqual([]);
    if (gatewayDeadAt === undefined) continue;
    // The newest alone: whatever a client had before the last one that is there, is there too.
    const last = Math.max(...records.map(({ at }) => Date.parse(at)).filter((at) => at <= gatewayDeadAt));
    expect(missing.filter(({ receivedAt }) => receivedAt < last)).toEqual([]);
    // 50 ms and the write under way, on a machine whose every timer may be late.
    expect(missing.filter(({ receivedAt }) => receivedAt < gatewayDeadAt - 2_000)).toEqual([]);
  }
}

/** Between that change of the route and the next one. */
async function expectLanded({ at: { store } }: Story, deadAt: number, revision: number): Promise<void> {
  for (const name of NAMES) {
    const history = await store.routes.history(name);
    const since = (wanted: number) => history.find((state) => state.revision === wanted)?.at ?? '';
    expect(Date.parse(since(revision)), `${name} was in its first stage`).toBeLessThan(deadAt);
    expect(Date.parse(since(revision + 1)), `${name} still was`).toBeGreaterThan(deadAt);
  }
}

/** @returns when all were dead, epoch milliseconds */
function kill({ parts }: StackInfo, part: string): Promise<number> {
  return killAll([parts[part]]);
}

async function killAll(marks: ProcessMark[]): Promise<number> {
  for (const { pid } of marks) process.kill(pid, 'SIGKILL');
  expect(await waitUntil(() => !marks.some(isRunning), 10_000)).toBe(true);
  // What they had sent before is read by then.
  await pause(100);
  return Date.now();
}

function changes(revisions: number): { revisions: number[]; routeChanges: string[] } {
  const all = Array.from({ length: revisions }, (_, i) => i + 1);
  return { revisions: all, routeChanges: all.map((revision) => `route.change ${revision}`) };
}

/** The hooks are the test's own: vitest's global ones do not know which of two tests at a time calls them. */
async function fresh({ task, onTestFinished }: TestContext): Promise<Installation> {
  const home = freshHome();
  const installation = await install(home.environment);
  onTestFinished(async () => {
    if (task.result?.state === 'fail') process.stderr.write(logsOf(home.environment));
    await installation.stop();
    home.remove();
  });
  return installation;
}
