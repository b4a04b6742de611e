import { defineQuery, defineUpdate } from '@temporalio/workflow';
import type { CanaryCounts } from '../decisions/canary/counts.ts';
import type { CanaryPolicy } from '../decisions/canary/policy.ts';
import type { CanaryVerdict } from '../decisions/canary/verdict.ts';
import type { Order } from './orderMessages.ts';

/** What crosses the border of a rollout's workflow. */

export interface RolloutInput {
  name: string;
  number: number;
  challengerVersion: number;
  policy: CanaryPolicy;
  /** A person, or the training that registered the version. */
  startedBy: string;
  /** Carried over when a long rollout continues as new. */
  carried?: RolloutState;
}

export type RolloutPhase =
  /** Gateways load the challenger. */
  | 'preparing'
  /** Both serve; looks are taken. */
  | 'serving'
  /** As before a pause, with the weight kept and no verdict acted upon. */
  | 'paused'
  /** The guards pass; a person approves. */
  | 'awaiting-approval'
  /** All keys are with the challenger, the old champion is loaded, late labels are looked at. */
  | 'probation'
  | 'ended';

export type RolloutOutcome = 'promoted' | 'rolled-back' | 'inconclusive' | 'aborted';

/** What a rollout made of its model's route. */
export interface RolloutRoute {
  championVersion: number;
  challengerVersion?: number;
  weight: number;
  rolloutId?: string;
  stage?: number;
  standbyVersion?: number;
  logInputs: boolean;
}

/** What a rollout knows of itself; enough to continue as new. */
export interface RolloutState {
  /** 0 until the rollout is open. */
  championVersion: number;
  phase: RolloutPhase;
  /** Why a person has to look, where the verdict was `hold`. */
  held?: string;
  /** A person has looked and resumed: what held it does so no more. */
  holdAccepted?: boolean;
  /** Index of the step under way. */
  stage: number;
  stages: { stage: number; weight: number; startedAt: string }[];
  /** Looks taken so far, and the last of them. */
  looks: number;
  last?: { counts: CanaryCounts; verdict: CanaryVerdict };
  /** That the last look's counting took. */
  lookMs?: number;
  /** The route as this rollout left it, absent before its first change, and its revision. */
  route?: RolloutRoute;
  revision: number;
  /** A change of which it is not known whether it happened. */
  attempted?: RolloutRoute;
  /** Whether gateways logged inputs before the rollout began. */
  loggedInputs: boolean;
  /** Orders given so far. */
  orders: number;
  /** What people should know of it besides the verdict, by subject: no gateway was alive, labels are no classes ... */
  notes: Record<string, string>;
  /** ISO 8601; empty until the rollout is open. */
  startedAt: string;
  promotedAt?: string;
  /** Why all keys went to the challenger. */
  promotedBecause?: string;
}

export interface RolloutProgress extends RolloutState {
  name: string;
  number: number;
  challengerVersion: number;
  steps: number[];
  outcome?: RolloutOutcome;
  reason?: string;
}

export interface RolloutResult {
  outcome: RolloutOutcome;
  name: string;
  number: number;
  championVersion: number;
  challengerVersion: number;
  reason: string;
  looks: number;
}

export const rolloutQuery = defineQuery<RolloutProgress>('rollout');
/** Validated: a command that the phase does not take is refused with ROLLOUT_PHASE and changes nothing. */
export const rolloutOrders = {
  /** Keeps the weight and acts on no verdict. */
  pause: defineUpdate<RolloutProgress, [Order]>('pause'),
  resume: defineUpdate<RolloutProgress, [Order]>('resume'),
  /** Ends it, with the champion restored. */
  abort: defineUpdate<RolloutProgress, [Order]>('abort'),
  /** Where the policy asks for it, before all keys go to the challenger. */
  approve: defineUpdate<RolloutProgress, [Order]>('approve'),
  /** All keys at once, whatever the guards say. */
  promote: defineUpdate<RolloutProgress, [Order]>('promote'),
  /** The champion back at once; also in probation. */
  rollback: defineUpdate<RolloutProgress, [Order]>('rollback'),
};
export type RolloutOrderName = keyof typeof rolloutOrders;

/** What a guard of the user's own is asked (an activity on a task queue of its own, in any language); JSON. */
export interface CustomGuardQuestion {
  apiVersion: 1;
  rollout: string;
  name: string;
  championVersion: number;
  challengerVersion: number;
  stage: number;
  weight: number;
  /** ISO 8601. */
  startedAt: string;
  look: number;
  parameters: Record<string, string | number | boolean | null>;
}

/** What it answers. Anything else, and no answer in time, counts as `undecided`. */
export interface CustomGuardAnswer {
  state: 'pass' | 'fail' | 'undecided';
  reason: string;
}
