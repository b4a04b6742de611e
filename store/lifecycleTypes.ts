import type { ColumnFacts, WindowFacts } from '../decisions/watch/facts.ts';
import type { WatchSignal, WindowVerdict } from '../decisions/watch/verdict.ts';

/** Lifecycles and what their watch has seen, as the store gives them. */

export interface LifecycleRow {
  name: string;
  definitionHash: string;
  baseDirectory: string;
  deployedBy: string;
  deployedAt: string;
  /** What the workflow knows of itself (`LifecycleState`), as it was after its last change. */
  state: Record<string, unknown>;
  /** Counts the states that were kept; a state that was computed from an older one never replaces a newer one. */
  revision: number;
  updatedAt: string;
}

export interface DeploymentRow {
  name: string;
  number: number;
  definitionHash: string;
  baseDirectory: string;
  actor: string;
  reason: string;
  changes: { section: string; redo: string }[];
  at: string;
}

export interface TriggerRow {
  name: string;
  id: string;
  kind: string;
  reason: string;
  by: string;
  at: string;
  /** `train`: `run` is its training. `refused` and why. */
  decision: 'train' | 'refused';
  because: string;
  run?: number;
}

export interface LifecycleEventRow {
  name: string;
  id: string;
  reason: string;
  actor: string;
  at: string;
}

/** An event that its lifecycle could not be told of so far. */
export interface DelayedEventRow extends LifecycleEventRow {
  attempts: number;
  /** Of the last attempt. */
  failure: string;
  /** When it is tried again. */
  nextAt: string;
}

export interface LifecycleNote {
  /** The same note again is none. */
  key: string;
  actor: string;
  action: string;
  details: Record<string, unknown>;
}

export interface LifecycleStore {
  /** Idempotent on (name, number); with an audit row. Makes the lifecycle's row where it is the first. */
  recordDeployment(row: Omit<DeploymentRow, 'at'>): Promise<{ at: string }>;
  deployments(name: string, limit?: number): Promise<DeploymentRow[]>;
  /** Keeps the workflow's state; an older `revision` than the one that is kept changes nothing. */
  keepState(name: string, revision: number, state: Record<string, unknown>): Promise<void>;
  get(name: string): Promise<LifecycleRow | undefined>;
  /** Somebody ended it, and nobody has deployed it again. */
  isRemoved(name: string): Promise<boolean>;
  list(): Promise<LifecycleRow[]>;
  /**
   * Decides about a trigger once, with an audit row: allocates the number of its training where `decision` is `train`.
   * Repeated calls give the first decision, so one trigger is one training whatever dies. Of new data that the last
   * training has read meanwhile, it is refused.
   */
  decideTrigger(row: Omit<TriggerRow, 'run'>): Promise<TriggerRow>;
  triggers(name: string, limit?: number): Promise<TriggerRow[]>;
  /** Whether the last training read sources that held what this digest is of, or a trigger that told of it was decided. */
  isDataTaken(name: string, sourcesDigest: string): Promise<boolean>;
  /** An audit row, once for each key. */
  note(name: string, note: LifecycleNote): Promise<void>;
  /** Says of a version that it failed in production: it never comes back by itself. Idempotent; with an audit row. */
  markBad(name: string, version: number, reason: string, actor: string): Promise<void>;
  badVersions(name: string): Promise<{ version: number; reason: string; at: string }[]>;
  /** From the gateway: an event that may start a retraining. Idempotent on (name, id). */
  putEvent(event: Omit<LifecycleEventRow, 'at'>): Promise<{ existing: boolean }>;
  /** Events that no lifecycle has been told of and whose time it is, oldest first. */
  untoldEvents(limit: number): Promise<LifecycleEventRow[]>;
  markTold(name: string, id: string): Promise<void>;
  /** It could not be told: tried again after 2 s, then twice as long after each failure, 15 minutes at the most. */
  delayEvent(name: string, id: string, failure: string): Promise<DelayedEventRow | undefined>;
  /** Those that could not be told so far, oldest first. */
  delayedEvents(limit?: number): Promise<DelayedEventRow[]>;
}

export interface WindowRow {
  name: string;
  /** 1, 2, 3 ... of the lifecycle. */
  number: number;
  version: number;
  from: string;
  to: string;
  facts: WindowFacts;
  verdict: WindowVerdict;
  signal: WatchSignal;
  /** Digest of the picture, where one was drawn. */
  pictureDigest?: string;
  /** Digest of its distributions (as the reference's), kept of the last healthy window only. */
  distributionDigest?: string;
}

/** A row of the prediction log with what the watch reads of it. */
export interface WatchedRow {
  /** As storedId() gives it; of a row without a key `request id/row`. */
  key: string;
  /**
   * 1 for the key whose hash is lowest, 2 ... without gaps: the first so many are a random sample, always the same, whatever
   * order the rows come in.
   */
  place: number;
  /** ISO 8601. */
  at: string;
  inputs?: Record<string, number | string | null>;
  /** As exact as the model gave them (float32). */
  outputs?: number[];
  /** The current label, of those observed until the end of the window. */
  label?: string | number | boolean;
}

export interface WatchStore {
  /** What time it is by the database, ISO 8601: the end of a window that ends now. */
  now(): Promise<string>;
  /** Digest of a version's reference distributions, made once. */
  reference(name: string, version: number): Promise<string | undefined>;
  recordReference(name: string, version: number, digest: string): Promise<void>;
  /** Idempotent on (name, number): the first row stays. Drops the oldest windows beyond what is kept; see watchWindows.ts. */
  recordWindow(row: WindowRow): Promise<void>;
  /** With the facts of every column, where its report was kept. */
  window(name: string, number: number): Promise<WindowRow | undefined>;
  /** The facts of every column of a window that has too many for its own; the last ones count. Goes with the window. */
  keepColumns(name: string, number: number, columns: readonly ColumnFacts[]): Promise<void>;
  /** Mean rows of the last ten clean windows before that number, as of a window of `lengthMs`; undefined without any. */
  usualRows(name: string, number: number, lengthMs: number): Promise<number | undefined>;
  /** Newest first; `limit` defaults to 50. */
  windows(name: string, limit?: number): Promise<WindowRow[]>;
  /** Keys that asked a version (as champion or challenger, answered) from `from` until `to`, each once: its first. */
  countKeys(name: string, version: number, from: string, to: string): Promise<number>;
  /**
   * Streams answered rows of a version in [from, to), one a key (the first), with their labels observed until
   * `labelsUntil` (of a corrected one the last value of that time); where there are more than `limit`, those whose keys hash
   * lowest. In the order of the answers, so that the inputs of a request of many rows are read once; `place` is that of
   * the hash. Some MiB at a time.
   */
  rows(
    what: {
      name: string;
      version: number;
      from: string;
      to: string;
      labelsUntil: string;
      limit: number;
      /** Only rows that have a label. */
      labelled?: boolean;
    },
    options?: { signal?: AbortSignal },
  ): AsyncGenerator<WatchedRow[]>;
}
