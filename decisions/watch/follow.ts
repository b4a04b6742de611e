import { addToEvidence, type FallEvidence } from './fallEvidence.ts';
import type { WindowFacts } from './facts.ts';
import { judgeWatch } from './judgeWatch.ts';
import { judgeWindow } from './judgeWindow.ts';
import type { WatchPolicy } from './policy.ts';
import type { WatchSignal, WindowVerdict } from './verdict.ts';

/** What a watch remembers of its champion from window to window. Plain JSON. */
export interface Followed {
  /** Absent before the first window. */
  version?: number;
  /** Of this champion, newest last, at most 20. */
  verdicts: WindowVerdict[];
  /** ISO 8601: where its first window began. */
  since?: string;
  /** Absent where no label has come. */
  evidence?: FallEvidence;
}

/** Verdicts that are kept; a policy asks for the last 20 at the most. */
const MAX_VERDICTS = 20;

/**
 * One window more: its verdict by itself, and what all of the champion's windows say with it. Another champion begins
 * anew, for what was said of the one before says nothing of it.
 *
 * @param weighs false of watches that began before evidence was weighed
 */
export function follow(
  before: Followed,
  facts: WindowFacts,
  policy: WatchPolicy,
  weighs: boolean,
): { followed: Required<Pick<Followed, 'version'>> & Followed; verdict: WindowVerdict; signal: WatchSignal } {
  const same = before.version === facts.version;
  const { verdicts, evidence, since = facts.from }: Followed = same ? before : { verdicts: [] };
  const verdict = judgeWindow(facts, policy);
  const all = [...verdicts, verdict].slice(-MAX_VERDICTS);
  // A broken window says nothing of the champion.
  const weighed =
    weighs && verdict.faults.length === 0 ? addToEvidence(evidence, facts.realised, policy) : evidence;
  const followed = { version: facts.version, verdicts: all, since, evidence: weighed };
  return { followed, verdict, signal: { ...judgeWatch(all, policy, weighed), since } };
}

/** Shifted ones too: slow drift must not add up to what looks like another unit. */
export function isHealthy({ state }: Pick<WindowVerdict, 'state'>): boolean {
  return state === 'clean' || state === 'shifted';
}
