import { ActivityFailure, isCancellation, sleep, TemporalFailure } from '@temporalio/workflow';
import { rootMessage } from '../failures.ts';
import { announce } from './notices.ts';
import type { Lifecycle, Step } from './state.ts';

const FIRST_RETRY_MS = 10_000;
export const MAX_RETRY_MS = 3_600_000;

/**
 * Does all of a step or, as far as the lifecycle knows, nothing of it: where it fails for good its state is as it was
 * before, people are told, and it lives on. What the step had brought about in the database is found when it is done again:
 * all of that is idempotent.
 *
 * @returns whether it was done
 */
export async function attempt(self: Lifecycle, body: Step): Promise<boolean> {
  const before = JSON.stringify(self.state);
  try {
    await body(self);
    self.failures.delete(body);
    return true;
  } catch (error) {
    if (!isMishap(error)) throw error;
    restore(self, before);
    const failures = (self.failures.get(body) ?? 0) + 1;
    self.failures.set(body, failures);
    if (failures === 1) await report(self, error);
    return false;
  }
}

/** The same, and where it was not done it is done again later, without end; others pass it meanwhile. */
export async function persist(self: Lifecycle, body: Step): Promise<void> {
  if ((await attempt(self, body)) || self.putOff.has(body)) return;
  self.putOff.add(body);
  const ms = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** ((self.failures.get(body) ?? 1) - 1));
  void sleep(ms).then(
    () => {
      self.putOff.delete(body);
      self.queue.push(body);
    },
    () => undefined, // The lifecycle is being removed.
  );
}

/** In a row, of whichever of them has failed most often. */
export function timesFailed({ failures }: Lifecycle, ...steps: Step[]): number {
  return Math.max(...steps.map((body) => failures.get(body) ?? 0));
}

/** What would end the workflow though nobody wants it to end. Defects of its own code do not: Temporal waits for their repair. */
function isMishap(error: unknown): error is TemporalFailure {
  return error instanceof TemporalFailure && !isCancellation(error);
}

/** In place, as many hold it. Notices that were sent are sent: their numbers are not given again. */
function restore({ state }: Lifecycle, before: string): void {
  const { notices } = state;
  for (const key of Object.keys(state) as (keyof typeof state)[]) delete state[key];
  Object.assign(state, JSON.parse(before), { notices });
}

async function report(self: Lifecycle, error: TemporalFailure): Promise<void> {
  const what = error instanceof ActivityFailure ? error.activityType : 'A step';
  const { clock, recent, deployment } = self.state;
  // Not what time it is: that is the database's, which may be what cannot be read.
  const at = clock ?? recent.at(-1)?.at ?? deployment?.at ?? '';
  try {
    await announce(self, 'failed', at, `${what} failed and is tried again: ${rootMessage(error)}`);
  } catch (again) {
    if (!isMishap(again)) throw again; // It stands among the newest all the same.
  }
}
