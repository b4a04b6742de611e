import type { Answers } from '../compute/session.ts';
import type { RawBatch } from '../config/raw.ts';
import type { ModelVersionRow } from '../store/types.ts';
import type { Arm, PredictionRecord } from '../store/predictionTypes.ts';
import type { Role } from '../store/routeTypes.ts';

/** What the parts of the gateway are to each other. Both forms of asking (plain and V2) stand on `Inference`. */

export interface InferRequest {
  name: string;
  /** Names a version, whatever the route says; answered as arm `direct`. */
  version?: number;
  requestId: string;
  /** One key for all rows, or one each, which may split the request over two versions. Absent: the request id. */
  keys?: readonly string[];
  batch: RawBatch;
  /** `performance.now()` when the request's last byte was read; the latency that is logged starts there. */
  receivedMs: number;
  signal?: AbortSignal;
}

/** The rows that one version answered. */
export interface InferPart {
  model: ModelVersionRow;
  arm: Arm;
  /** Which rows of the request, in order; absent: all. */
  rowIndexes?: readonly number[];
  answers: Answers;
}

export interface Inference {
  /**
   * The version that metadata speaks of: the named one, else the champion. Loads nothing.
   *
   * @throws PerennialError NOT_FOUND
   */
  describe(name: string, version?: number): Promise<ModelVersionRow>;
  /**
   * The versions that may answer such a request: the named one, else the champion first and then the challenger. All
   * columns of the first are in the batch that `infer` gets. A column that only the second reads is there where every
   * row has it; where it is not, the challenger cannot answer and the champion does. Loads nothing.
   *
   * @throws PerennialError NOT_FOUND
   */
  answering(name: string, version?: number): Promise<readonly ModelVersionRow[]>;
  /** True where a request would be answered without loading anything. */
  isReady(name: string, version?: number): boolean;
  /** Versions that can be asked for, ascending. @throws PerennialError NOT_FOUND */
  versions(name: string): Promise<number[]>;
  /**
   * Routes, computes (small requests of one moment together), measures and logs.
   *
   * @throws PerennialError NOT_FOUND, INVALID_INPUT, TOO_LARGE, OVERLOADED, DEADLINE_EXCEEDED
   */
  infer(request: InferRequest): Promise<InferPart[]>;
  /**
   * The answers of one version to rows that nobody asked about: neither routed, counted nor logged. For explanations.
   *
   * @throws PerennialError NOT_FOUND, OVERLOADED, CANCELLED
   */
  score(model: ModelVersionRow, batch: RawBatch, signal?: AbortSignal): Promise<Answers>;
}

/** Where every prediction goes; never waited for by an answer. */
export interface PredictionLog {
  add(record: PredictionRecord): void;
  /** Predictions that could not be kept since the start. */
  readonly dropped: number;
  /** Bytes that are on this machine's disk and not yet in Postgres. */
  readonly pendingBytes: number;
  /** Resolves when everything that was added is in Postgres. @throws where that takes longer than `timeoutMs` */
  flush(timeoutMs: number): Promise<void>;
  /** Writes what is in memory to disk, ships what it can within `timeoutMs`; the rest is shipped by the next start. */
  close(timeoutMs: number): Promise<void>;
}

/** Who asks: with a role each route's `config.role` is held against. */
export interface Caller {
  /** `key/<id>`, or `loopback` where no key is asked for. */
  actor: string;
  roles: readonly Role[];
}

export interface GatewayLimits {
  /** Of a request's body. */
  maxBodyBytes: number;
  maxRows: number;
  /** Of one text value, key or id. */
  maxTextBytes: number;
  /** From the first byte of a request to the last. */
  requestTimeoutMs: number;
  /** Rows that wait or are computed at the same time, over all requests; beyond it 503 with Retry-After. */
  maxRowsUnderWay: number;
  /** Requests that wait or are computed at the same time. */
  maxRequestsUnderWay: number;
}
