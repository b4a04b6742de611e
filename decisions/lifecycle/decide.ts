import { DAY_MS } from '../duration.ts';
import type { ApprovalPolicy, RetrainPolicy } from './policy.ts';

/** What a trigger meets. Every time is ISO 8601. */
export interface Situation {
  now: string;
  kind: 'definition' | 'drift' | 'schedule' | 'data' | 'event' | 'person';
  /** Absent: the definition says nothing of retraining, so nothing is retrained by itself. */
  retrain?: RetrainPolicy;
  approvals?: ApprovalPolicy;
  /** What is under way: a training, a rollout. */
  busy?: string;
  /** A question that a person has yet to answer. */
  asked?: string;
  /** Who paused it, and why. */
  paused?: string;
  /** A person has agreed to this very trigger. */
  approved: boolean;
  /** Challengers in a row that did not become champion. */
  rejectedInARow: number;
  /** Starts of retrainings by themselves, oldest first. */
  retrainedAt: readonly string[];
}

export type Decision =
  | { do: 'train'; because: string }
  /** For what is under way, for a person to resume it, or until a time. */
  | { do: 'wait'; because: string; until?: string }
  | { do: 'ask'; because: string }
  | { do: 'refuse'; because: string };

/**
 * Whether a trigger starts a training now. What a person orders (a deployment, `perennial retrain`) waits for what is
 * under way and for the answer to an open question, and for nothing else; what comes by itself keeps to the pause, the
 * cooldown, the day's budget and the approvals that the definition declares.
 */
export function decideTraining(situation: Situation): Decision {
  const { kind, paused, retrain, approved } = situation;
  const ordered = kind === 'definition' || kind === 'person';
  const before = first(situation);
  if (ordered) return before ?? train(situation);
  const unwanted = refuse(kind, retrain);
  if (unwanted !== undefined || !retrain) return { do: 'refuse', because: unwanted ?? NO_POLICY };
  if (paused !== undefined) return wait(`It is paused: ${paused}`);
  if (before) return before;
  const resting = rest(situation, retrain);
  if (resting) return resting;
  const question = approved ? undefined : ask(situation, retrain);
  return question === undefined ? train(situation) : { do: 'ask', because: question };
}

/** One thing at a time; what comes of a question may be a training, too. */
function first({ busy, asked }: Situation): Decision | undefined {
  if (busy !== undefined) return wait(`${busy} is under way.`);
  return asked === undefined ? undefined : wait(`A person is asked first: ${asked}.`);
}

const NO_POLICY = 'The definition has no `retrain`.';

function train({ approved }: Situation): Decision {
  return { do: 'train', because: approved ? 'A person approved it.' : 'Nothing stands against it.' };
}

function wait(because: string, until?: string): Decision {
  return { do: 'wait', because, until };
}

function refuse(kind: Situation['kind'], retrain: RetrainPolicy | undefined): string | undefined {
  if (!retrain) return NO_POLICY;
  if (kind === 'drift' && retrain.onDrift === 'never') return 'The definition retrains on no drift.';
  if (kind === 'event' && !retrain.onEvent) return 'The definition retrains on no event.';
  if (kind === 'schedule' && !retrain.schedule) return 'The definition has no schedule any more.';
  if (kind === 'data' && !retrain.onNewData) return 'The definition retrains on no new data.';
  return undefined;
}

/** The cooldown, and the budget of 24 hours; the later of the two. */
function rest({ now, retrainedAt }: Situation, retrain: RetrainPolicy): Decision | undefined {
  const at = Date.parse(now);
  const last = retrainedAt.at(-1);
  const cool = last === undefined ? -Infinity : Date.parse(last) + retrain.cooldownMs;
  const recent = retrainedAt.filter((start) => Date.parse(start) > at - DAY_MS);
  // The one that has to leave the last 24 hours before another fits in.
  const oldest = recent.at(recent.length - retrain.perDay);
  const budget =
    recent.length < retrain.perDay || oldest === undefined ? -Infinity : Date.parse(oldest) + DAY_MS;
  const until = Math.max(cool, budget);
  if (until <= at) return undefined;
  const iso = new Date(until).toISOString();
  return cool >= budget
    ? wait(`The last retraining began at ${last}, and the cooldown lasts until ${iso}.`, iso)
    : wait(
        `There were ${recent.length} retrainings within 24 hours, as many as a day may have; next at ${iso}.`,
        iso,
      );
}

function ask({ rejectedInARow, approvals }: Situation, retrain: RetrainPolicy): string | undefined {
  if (rejectedInARow >= retrain.approveAfterRejected) {
    return `${rejectedInARow} challengers in a row did not become champion: is another to be trained?`;
  }
  if (approvals?.before.includes('retrain')) return 'The definition asks before each retraining.';
  return undefined;
}
