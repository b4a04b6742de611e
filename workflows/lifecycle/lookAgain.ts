import { attempt } from './mishaps.ts';
import type { Lifecycle } from './state.ts';
import { reconsider } from './triggers.ts';

const RETRY_MS = 60_000;

/** Looks at what waits; where it cannot be looked at, it waits on. */
export async function lookAgain(self: Lifecycle): Promise<void> {
  if (!(await attempt(self, reconsider))) self.dueInMs = RETRY_MS;
}
