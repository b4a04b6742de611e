import { expect } from 'vitest';
import { isRunning, waitUntil } from '../../embedded/processes.ts';
import type { Stage } from '../../workflows/messages.ts';
import { ids } from '../../workflows/messages.ts';
import { activityCalls, childCompletedAt, startedActivities } from './history.ts';
import type { Installation } from './installation.ts';

/** Where a kill has to land: an activity of the run, or of one of its candidates. */
export interface Place {
  stage: Stage;
  activity: string;
  /** Looked for in this candidate's workflow, not in the training's. */
  candidate?: number;
  /** Looked for in the workflow of the family whose first candidate this is. */
  family?: number;
  /** Of successive halving: in this trial of the candidate. */
  rung?: number;
}

export interface Kill {
  place: Place;
  /** Epoch milliseconds: all victims were dead by then. */
  deadAt: number;
}

/** Waits until the place is reached, and ends the processes at once, without a chance to tidy up. */
export async function killInside(
  { temporal, stack }: Pick<Installation, 'temporal' | 'stack'>,
  run: { name: string; run: number },
  place: Place,
  victims: string[],
): Promise<Kill> {
  await untilInside(temporal, run, place);
  const marks = victims.map((victim) => {
    const mark = stack.info.parts[victim];
    if (!mark) throw new Error(`There is no part ${victim}.`);
    return mark;
  });
  for (const { pid } of marks) process.kill(pid, 'SIGKILL');
  expect(await waitUntil(() => !marks.some(isRunning), 10_000)).toBe(true);
  return { place, deadAt: Date.now() };
}

/** Until a worker has the place's activity in its hands. */
export async function untilInside(
  temporal: Installation['temporal'],
  run: { name: string; run: number },
  place: Place,
): Promise<void> {
  const { activity } = place;
  const workflowId = workflowOf(run, place);
  const deadline = performance.now() + 120_000;
  for (;;) {
    const started = await startedActivities(temporal, workflowId).catch(notYet);
    if (started.includes(activity)) return;
    if (performance.now() > deadline) throw new Error(`${workflowId} did not come to ${activity}.`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/**
 * The kill counts only where the stage was not over by then: its activity (and with it the stage) completed later.
 * `attempt` 2 and more says that the killed process took the activity with it.
 */
export async function expectLanded(
  temporal: Installation['temporal'],
  training: { name: string; run: number },
  { place, deadAt }: Kill,
  { retried }: { retried: boolean },
): Promise<void> {
  const { activity } = place;
  const { name, run } = training;
  const workflowId = workflowOf(training, place);
  const calls = (await activityCalls(temporal, workflowId)).filter(({ type }) => type === activity);
  expect(calls, `${activity} is called once`).toHaveLength(1);
  expect(calls[0].completedAt, `${activity} ended after the kill`).toBeGreaterThan(deadAt);
  if (retried) expect(calls[0].attempt, `attempts of ${activity}`).toBeGreaterThanOrEqual(2);
  if (place.stage === 'search') {
    const ends = await Promise.all(
      ['search', 'halving'].map((type) => childCompletedAt(temporal, ids.training(name, run), type)),
    );
    const ended = ends.find((at) => at !== undefined);
    expect(ended, 'the search ended after the kill').toBeGreaterThan(deadAt);
  }
}

function workflowOf(
  { name, run }: { name: string; run: number },
  { candidate, family, rung }: Place,
): string {
  if (family !== undefined) return ids.family(name, run, family);
  if (candidate === undefined) return ids.training(name, run);
  return rung === undefined ? ids.candidate(name, run, candidate) : ids.trial(name, run, candidate, rung);
}

/** A candidate's workflow that has not begun is not an error here. */
function notYet(error: unknown): string[] {
  if (error instanceof Error && error.name === 'WorkflowNotFoundError') return [];
  throw error;
}
