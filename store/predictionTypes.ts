import type { AskedInputs, LoggedColumns } from './loggedInputs.ts';

export type Arm =
  | 'champion'
  | 'challenger'
  /** The caller named the version: never counted in a rollout. */
  | 'direct';

/** One answer of one version: a request, or that part of a request whose keys fell to one arm. */
export interface PredictionRecord {
  /** Epoch milliseconds UTC. */
  at: number;
  requestId: string;
  name: string;
  version: number;
  arm: Arm;
  rolloutId?: string;
  stage?: number;
  rows: number;
  /** Where a request was split: which of its rows these are. Absent: 0 to rows - 1. */
  rowIndexes?: readonly number[];
  /** One for all rows, or one for each of `rows`. Absent: the request id is the key. Kept as storedId() gives them. */
  keys?: readonly string[];
  /** Absent where nobody will need them. */
  inputs?: AskedInputs;
  /** Binary: the positive class's probability by row. Multiclass: [rows, classes]. Regression: value by row. */
  outputs?: Float32Array;
  /** 0: answered. Else the HTTP status that the caller got for a fault that was not his. */
  status: number;
  /** From the last byte of the request to when this version had computed the answer, without the time of other versions. */
  latencyUs: number;
}

export interface PredictionFilter {
  name: string;
  requestId?: string;
  key?: string;
  /** ISO 8601; from included, to excluded. */
  from?: string;
  to?: string;
  /** Newest first; default 100. */
  limit?: number;
}

export interface PredictionRow extends Omit<PredictionRecord, 'inputs' | 'outputs' | 'at'> {
  at: string;
  inputs?: LoggedColumns;
  outputs?: number[];
}

/** An answered row and what turned out to be true of it. */
export interface LabelledPrediction {
  /** As storedId() gives it; of a row without a key `request id/row`. */
  key: string;
  /** Epoch milliseconds UTC: when it was answered. */
  at: number;
  /** One value a column, as it was logged: see `inputs` of a record. */
  inputs: Record<string, number | string | null>;
  label: string | number | boolean;
}

export interface PredictionStore {
  /**
   * Appends records that were encoded by `encodePrediction`, exactly once: a segment that is there already is passed over.
   * Makes the partitions (by day, UTC) that the records need.
   *
   * @param segmentId unique to these bytes
   * @param days ISO dates (UTC) that occur in them
   * @param tuples in pieces of any size
   * @throws PerennialError INVALID_INPUT where Postgres will never take these bytes; any other error may be tried again
   */
  append(
    segmentId: string,
    days: readonly string[],
    tuples: Iterable<Uint8Array>,
    options?: { signal?: AbortSignal },
  ): Promise<{ existing: boolean }>;
  list(filter: PredictionFilter): Promise<PredictionRow[]>;
  /**
   * Streams what was answered until a moment, by any version, and is labelled by what was observed until then (of a
   * corrected label the last value of that time), with its inputs where they were logged. One row a key: its first.
   * In the order of the answers; some MiB at a time, and the same log gives the same rows.
   *
   * @param what.until ISO 8601, included
   */
  labelled(
    what: { name: string; until: string },
    options?: { signal?: AbortSignal },
  ): AsyncGenerator<LabelledPrediction[]>;
  /**
   * Drops whole days (UTC) before that moment to which nothing was written since, of predictions and of their segments.
   *
   * @returns what was dropped
   */
  dropBefore(time: string): Promise<string[]>;
}

/** What was true, told later. By request id (and row), or by key: then of every prediction of that key. */
export interface LabelInput {
  requestId?: string;
  /** Of the request; default 0. */
  row?: number;
  key?: string;
  value: string | number | boolean;
  /** When it was observed, ISO 8601; default: now. */
  observedAt?: string;
}

export interface LabelResult {
  accepted: number;
  /** Were there with the same value. */
  unchanged: number;
  /** Were there with another value, which is kept with its time. */
  corrected: number;
}

export interface LabelRow extends Required<Pick<LabelInput, 'value' | 'observedAt'>> {
  requestId?: string;
  row?: number;
  key?: string;
  receivedAt: string;
  /** 1 for the first value, 2 for its correction ... */
  revision: number;
}

export interface LabelStore {
  /** All or none. Idempotent: a value that is the current one changes nothing. */
  put(name: string, labels: readonly LabelInput[]): Promise<LabelResult>;
  /** Every revision of one subject's label, newest first. */
  history(name: string, subject: { requestId: string; row?: number } | { key: string }): Promise<LabelRow[]>;
  /**
   * Deletes what was told and observed before that moment, of all models. Of a subject whose label was corrected since, the
   * revision that held at that moment stays.
   *
   * @param time ISO 8601
   * @param signal ends it between two pieces; the rest goes the next time
   * @returns how many revisions
   */
  forgetBefore(time: string, signal?: AbortSignal): Promise<number>;
}
