import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { DefinitionChange } from '../decisions/lifecycle/change.ts';
import type { NoticeEvent } from '../decisions/lifecycle/policy.ts';
import type { FallEvidence } from '../decisions/watch/fallEvidence.ts';
import type { WatchSignal, WindowVerdict } from '../decisions/watch/verdict.ts';
import type { Order } from './orderMessages.ts';

/** What crosses the border of a lifecycle, its watch and its notices. */

// ---- lifecycle -----------------------------------------------------------------------------------------------

export interface LifecycleInput {
  name: string;
  /** Carried over when it continues as new, and when an installation is restored from its database. */
  carried?: LifecycleState;
}

export const TRIGGER_KINDS = ['definition', 'drift', 'schedule', 'data', 'event', 'person'] as const;
export type TriggerKind = (typeof TRIGGER_KINDS)[number];

/** Why somebody or something wants a new version. */
export interface Trigger {
  /** The same trigger told twice is one: a schedule's start time, an event's id, the window of a drift ... */
  id: string;
  kind: TriggerKind;
  /** A sentence. */
  reason: string;
  /** A person, or the part of the program that asks. */
  by: string;
  /** ISO 8601. */
  at: string;
}

export interface Deployment {
  /** 1 for the first. */
  number: number;
  definitionHash: string;
  baseDirectory: string;
  by: string;
  at: string;
}

export type LifecyclePhase =
  /** No version serves yet. */
  'new' | 'training' | 'rolling-out' | 'serving' | 'awaiting-approval';

/** What a lifecycle knows of itself: enough to continue as new, kept in Postgres after every change. */
export interface LifecycleState {
  /** Absent until the first deployment has been recorded. */
  deployment?: Deployment;
  paused?: Order & { at: string };
  training?: { run: number; trigger: Trigger; startedAt: string };
  /** `previousVersion`: the champion when it began; unknown in rollouts that began before this was kept. */
  rollout?: { number: number; challengerVersion: number; workflowId: string; previousVersion?: number };
  /** The champion is on trial: where its realised quality breaks the floor until then, the one before comes back. */
  probation?: {
    version: number;
    previousVersion: number;
    until: string;
    /** It is to go back when the rollout that holds the route has ended; told at which window, of which end. */
    condemned?: { window: number; to: string; reason: string };
  };
  /** Waits for what is under way, for the cooldown, for the next day or for a person. */
  pending?: Trigger;
  /** Why, and until when (ISO 8601) where a time is what it waits for; whether a person has agreed to it. With `pending`. */
  waiting?: { reason: string; until?: string; approved?: boolean };
  /** What a person is asked. */
  approval?: Approval;
  /** Challengers in a row that did not become champion. */
  rejectedInARow: number;
  /** Starts of retrainings by themselves that still count (ISO 8601), oldest first. */
  retrainedAt: string[];
  /** Start of the last training, whoever asked for it (ISO 8601). */
  trainedAt?: string;
  /** Ids of triggers that were taken up or refused, newest last; at most 200. */
  seen: string[];
  /** What the watch said last. */
  watched?: {
    window: number;
    to: string;
    state: string;
    reason: string;
    drift: boolean;
    /** Broken data, in this window or in the last one that had enough rows to tell. */
    fault?: boolean;
    /** Why its drift started no training. */
    unheeded?: string;
  };
  /** Newest last, at most 20; all of it stands in the audit. */
  recent: { at: string; text: string }[];
  /** Notices sent so far. */
  notices: number;
  /** Whether the watch has been started. */
  watching: boolean;
  /** The version that became champion last, as far as this lifecycle knows. */
  champion?: number;
  /** ISO 8601: since when; absent where nothing has replaced a champion yet. */
  championSince?: string;
  /** ISO 8601: what time it is where somebody replays the past; absent where it is the database's time. */
  clock?: string;
  /** Counts the states; those that are kept in Postgres are told apart by it. */
  revision: number;
}

/** Before anything has happened to it. */
export function newLifecycle(): LifecycleState {
  return {
    rejectedInARow: 0,
    retrainedAt: [],
    seen: [],
    recent: [],
    notices: 0,
    watching: false,
    revision: 0,
  };
}

export function phaseOf({ training, rollout, approval, champion }: LifecycleState): LifecyclePhase {
  if (training) return 'training';
  if (rollout) return 'rolling-out';
  if (approval) return 'awaiting-approval';
  return champion === undefined ? 'new' : 'serving';
}

export interface Approval {
  /** `<name>/<n>` */
  id: string;
  kind: 'retrain' | 'rollout' | 'version';
  question: string;
  /** Who asks: the author of what is to be approved. */
  by: string;
  /** Who deployed what it came of, and whether somebody else has to approve it, by the definition of that moment. */
  author?: string;
  fourEyes?: boolean;
  at: string;
  trigger?: Trigger;
  /** The version to be rolled out, and the champion that it was compared with. */
  version?: number;
  champion?: number;
  /** The training whose model is to be registered, as no rule can judge it. */
  run?: number;
}

export interface LifecycleProgress extends LifecycleState {
  name: string;
  phase: LifecyclePhase;
  /** Everything that has arrived is done; a training or a rollout may be under way all the same. */
  settled: boolean;
}

export interface DeployOrder extends Order {
  /** Of a definition that is in the store. */
  definitionHash: string;
  baseDirectory: string;
  /** ISO 8601, where the past is replayed: what time it is, so that nothing later is known to the first training either. */
  at?: string;
}

export interface DeployAnswer {
  number: number;
  /** Against the deployment before; of a first one every section. */
  changes: DefinitionChange[];
  /** What is done now: `train`, where a stage of training has to be done again or there is no version yet. */
  action: 'train' | 'nothing';
}

export const lifecycleQuery = defineQuery<LifecycleProgress>('lifecycle');
/** Validated: what does not fit the state is refused with LIFECYCLE_STATE and changes nothing. */
export const lifecycleOrders = {
  deploy: defineUpdate<DeployAnswer, [DeployOrder]>('deploy'),
  /** Starts nothing by itself until resumed; what is under way goes on. */
  pause: defineUpdate<LifecycleProgress, [Order]>('pause'),
  resume: defineUpdate<LifecycleProgress, [Order]>('resume'),
  /** Trains now, whatever the cooldown says. `at`: default now. */
  retrain: defineUpdate<LifecycleProgress, [Order & { at?: string }]>('retrain'),
  approve: defineUpdate<LifecycleProgress, [Order & { id: string }]>('approve'),
  reject: defineUpdate<LifecycleProgress, [Order & { id: string }]>('reject'),
};
/** From schedules, from events at the gateway. */
export const triggerSignal = defineSignal<[Trigger]>('trigger');
/** From the watch to its lifecycle, where there is something to say. */
export const watchedSignal = defineSignal<[Watched]>('watched');

export interface Watched {
  window: number;
  /** The champion that was looked at. */
  version: number;
  /** ISO 8601: the end of the window. */
  to: string;
  /** Somebody said when it ended, so the lifecycle's time is that of the windows too. */
  driven: boolean;
  verdict: WindowVerdict;
  signal: WatchSignal;
}

export interface NoticeInput {
  name: string;
  /** Of this lifecycle: 1, 2, 3 ... */
  number: number;
  definitionHash: string;
  event: NoticeEvent;
  /** ISO 8601. */
  at: string;
  text: string;
}

// ---- watch ---------------------------------------------------------------------------------------------------

export interface WatchRunInput {
  name: string;
  definitionHash: string;
  baseDirectory: string;
  carried?: WatchState;
}

export interface WatchState {
  /** Windows looked at so far. */
  windows: number;
  /** End of the last one, ISO 8601; absent before the first. */
  to?: string;
  /** Verdicts of the newest windows of this champion, newest last. */
  verdicts: WindowVerdict[];
  version?: number;
  /** ISO 8601: where this champion's first window began. */
  since?: string;
  /** What this champion's labels say of a fall; absent where it has none, and in a watch that began before it was weighed. */
  evidence?: FallEvidence;
  /** The newest window with enough rows and no fault: what a sudden change is told by. */
  healthy?: number;
  /** What the lifecycle was told last. */
  told?: string;
  /** The lifecycle's time is that of a window whose end somebody said, until it is told of one that ended by itself. */
  driven?: boolean;
  /** What failed when it was last tried, each until it succeeds, and why. */
  failures?: WatchFailures;
  /** When the sources were last looked at, ISO 8601. */
  sourcesAt?: string;
}

/** Of the steps of a watch: reading the definition, asking for labels, looking at the sources, looking at the window. */
export type WatchFailures = Partial<Record<'definition' | 'labels' | 'sources' | 'window', string>>;

export interface WatchProgress extends WatchState {
  name: string;
  everyMs: number;
}

export const watchQuery = defineQuery<WatchProgress>('watch');
/**
 * Looks at the window that ends now, or at `to` (ISO 8601): how tests and replays of the past drive the watch.
 * Answers what the window said.
 */
export const watchNow = defineUpdate<Watched | null, [{ to?: string }]>('watchNow');
/** From the lifecycle: the deployed definition is another. */
export const watchDefinition =
  defineSignal<[{ definitionHash: string; baseDirectory: string }]>('watchDefinition');
