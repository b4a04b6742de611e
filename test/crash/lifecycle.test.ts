import { EventEmitter, once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test, vi, type TestContext } from 'vitest';
import { isRunning, waitUntil } from '../../embedded/processes.ts';
import { ids } from '../../workflows/messages.ts';
import { eventually } from '../workflows/rollouts.ts';
import { activityCalls, startedActivities } from './history.ts';
import { hold, type Hold } from './hold.ts';
import { freshHome, install, logsOf, type Installation } from './installation.ts';
import { each, openClients, openLives, type Lives } from './lives.ts';
import { lifeOutcomeOf } from './livesOutcome.ts';
import { FIRST_DAY, LAST_DAY, NAMES, writeParcels, type Name } from './parcels.ts';

/**
 * Whatever process dies while a lifecycle watches, decides, retrains or replaces its champion, without a chance to tidy
 * up: it goes on to what an undisturbed one comes to, bit for bit, with one training a trigger and one row an effect.
 * Each kill is shown to have landed inside its stage.
 */

// A scenario waits for minutes that a dead orchestrator's activities have, and for heartbeats that do not come.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 60_000, maxConcurrency: 4 });

const data = mkdtempSync(join(tmpdir(), 'perennial-crash-parcels-'));
beforeAll(() => writeParcels(data));
afterAll(() => rmSync(data, { recursive: true, force: true }));

/** Where a kill lands: both lifecycles stand before this write, inside that activity of that workflow. */
interface Place {
  write: string;
  activity: string;
  workflow: (name: Name) => string;
  /** Which lifecycles come there. */
  names: readonly Name[];
}

const PLACES = {
  observing: { write: 'INSERT ON artifacts', activity: 'observeWindow', workflow: ids.watch, names: NAMES },
  recording: {
    write: 'INSERT ON watch_windows',
    activity: 'recordWindow',
    workflow: ids.watch,
    names: NAMES,
  },
  /** The trigger is decided, and nothing has come of it. */
  decided: {
    write: 'INSERT ON runs',
    activity: 'openRun',
    workflow: (name) => ids.training(name, 2),
    names: NAMES,
  },
  searching: {
    write: 'INSERT ON candidates',
    activity: 'trainCandidate',
    workflow: (name) => ids.candidate(name, 2, 0),
    names: NAMES,
  },
  promoting: {
    write: 'INSERT ON route_history',
    activity: 'promoteByGate',
    workflow: ids.lifecycle,
    names: ['gated'],
  },
  serving: {
    write: 'INSERT ON rollout_looks',
    activity: 'recordLook',
    workflow: (name) => ids.rollout(name, 1),
    names: ['canaried'],
  },
} satisfies Record<string, Place>;
type Stage = keyof typeof PLACES;

type Outcome = Awaited<ReturnType<typeof lifeOutcomeOf>>;
/** Told by the first test, waited for by the others. */
const undisturbed = new EventEmitter<{ told: [Record<Name, Outcome>]; error: [unknown] }>();
const expected = once(undisturbed, 'told').then(([outcomes]) => outcomes as Record<Name, Outcome>);
expected.catch(() => undefined);

describe.concurrent('two lifecycles', () => {
  test('of which nobody is disturbed: each retrains once for its trigger and has a better champion', async (context) => {
    const outcomes = await firstOutcomes(context).catch((error: unknown) => {
      undisturbed.emit('error', error);
      throw error;
    });
    undisturbed.emit('told', outcomes);
    for (const name of NAMES) {
      const { runs, triggers, windows, champions, auditIntact, audit } = outcomes[name];
      expect(triggers.slice(0, 2).map(({ kind, decision }) => `${kind} ${decision}`)).toEqual([
        'definition train',
        'drift train',
      ]);
      expect(runs.map(({ number }) => number)).toEqual(triggers.map(({ run }) => run));
      expect(windows.map(({ number }) => number)).toEqual(
        Array.from({ length: LAST_DAY - FIRST_DAY + 1 }, (_, i) => i + 1),
      );
      expect(champions.length, JSON.stringify({ runs, triggers })).toBeGreaterThanOrEqual(2);
      expect(auditIntact).toBe(true);
      expect(audit.length).toBeGreaterThan(10);
    }
    expect(outcomes.canaried.rollouts[0]).toMatchObject({ status: 'promoted' });
    expect(outcomes.gated.rollouts).toEqual([]);
  });

  test.for<{ who: string; victims: (parts: string[]) => string[]; stages: Stage[] }>([
    {
      who: 'the orchestrator',
      victims: () => ['orchestrator-0'],
      stages: ['decided', 'promoting', 'serving'],
    },
    { who: 'the trainer', victims: () => ['trainer-0'], stages: ['observing', 'recording', 'searching'] },
    {
      who: 'every worker, the Temporal server and Postgres at once',
      victims: (parts) => parts,
      stages: ['observing', 'decided', 'searching', 'serving'],
    },
  ])('come to the same after SIGKILLs of $who', async ({ victims, stages }, context) => {
    const { installation, lives } = await fresh(context);
    const { temporal, store, stack } = installation;
    let next = await hold(installation, PLACES[stages[0]].write);
    const lived = (async () => {
      for (let day = FIRST_DAY; day <= LAST_DAY; day++) await lives.pass(day);
    })();
    lived.catch(() => undefined);
    const kills: { stage: Stage; deadAt: number }[] = [];
    for (const [i, stage] of stages.entries()) {
      const here = next;
      await Promise.race([untilInside(installation, stage, here), lived.then(() => missed(stage))]);
      if (stage === 'decided') {
        for (const name of NAMES) {
          expect(await store.lifecycles.triggers(name)).toMatchObject([
            { kind: 'drift', run: 2 },
            { run: 1 },
          ]);
          expect(await store.runs.list(name), 'the training has not begun').toHaveLength(1);
        }
      }
      const dying = victims(Object.keys(stack.info.parts));
      kills.push({ stage, deadAt: await kill(installation, dying) });
      const following = stages.at(i + 1);
      if (following)
        await eventually(async () => void (next = await hold(installation, PLACES[following].write)));
      // What a dead Postgres held is let go with it; else what the dead had sent may yet be done.
      if (!dying.includes('postgres')) await here.abandon();
      await here.release().catch(() => undefined);
    }
    await lived;
    for (const { stage, deadAt } of kills) await expectLanded(temporal, stage, deadAt);
    const outcomes = await each((name) => lifeOutcomeOf(store, name));
    const wanted = await expected;
    for (const name of NAMES) {
      expect(outcomes[name], name).toEqual(wanted[name]);
      expect(await lives.progress(name), 'still answers').toMatchObject({ name, phase: 'serving' });
    }
  });
});

async function firstOutcomes(context: TestContext): Promise<Record<Name, Outcome>> {
  const { installation, lives } = await fresh(context);
  for (let day = FIRST_DAY; day <= LAST_DAY; day++) await lives.pass(day);
  return each((name) => lifeOutcomeOf(installation.store, name));
}

async function untilInside({ temporal }: Installation, stage: Stage, held: Hold): Promise<void> {
  const { activity, workflow, names }: Place = PLACES[stage];
  await eventually(async () => {
    expect(await held.waiting()).toBeGreaterThanOrEqual(names.length);
    for (const name of names) expect(await startedActivities(temporal, workflow(name))).toContain(activity);
  });
}

function missed(stage: Stage): never {
  throw new Error(`Everything has ended without ${stage}.`);
}

/** @returns when all were dead, epoch milliseconds */
async function kill({ stack }: Installation, victims: string[]): Promise<number> {
  const marks = victims.map((victim) => stack.info.parts[victim]).filter(isRunning);
  expect(marks).toHaveLength(victims.length);
  for (const { pid } of marks) process.kill(pid, 'SIGKILL');
  expect(await waitUntil(() => !marks.some(isRunning), 10_000)).toBe(true);
  // What they had sent before is read by then.
  await pause(100);
  return Date.now();
}

/** An attempt of the stage's activity died: another one ended it, later. */
async function expectLanded(temporal: Installation['temporal'], stage: Stage, deadAt: number): Promise<void> {
  const { activity, workflow, names }: Place = PLACES[stage];
  for (const name of names) {
    const calls = (await activityCalls(temporal, workflow(name))).filter(({ type }) => type === activity);
    const again = calls.find(({ attempt, completedAt = 0 }) => attempt > 1 && completedAt > deadAt);
    expect(again, `${activity} of ${name} in ${JSON.stringify(calls)} after ${deadAt}`).toBeDefined();
  }
}

/** With both deployed and serving. */
async function fresh({
  task,
  onTestFinished,
}: TestContext): Promise<{ installation: Installation; lives: Lives }> {
  const home = freshHome();
  const installation = await install(home.environment);
  const clients = openClients(installation);
  onTestFinished(async () => {
    if (task.result?.state === 'fail') process.stderr.write(logsOf(home.environment));
    await clients.stop();
    await installation.stop();
    home.remove();
  });
  const lives = openLives(installation);
  await lives.begin(data);
  return { installation, lives };
}
