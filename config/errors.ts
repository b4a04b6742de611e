/**
 * The one error of the project: a code from the table below, and, where a value was wrong, which field,
 * what stood there, and what would be right.
 */
export class PerennialError extends Error {
  readonly code: ErrorCode;
  /** Path of the offending field, for example `features[1].columns[0]`. */
  readonly field?: string;
  /** What was found there, already shortened for people. */
  readonly value?: string;
  /** What would be right. */
  readonly expected?: string;

  constructor(code: ErrorCode, message: string, where: Where = {}) {
    super(message, where.cause === undefined ? undefined : { cause: where.cause });
    this.name = 'PerennialError';
    this.code = code;
    this.field = where.field;
    this.value = where.value === undefined ? undefined : shorten(where.value);
    this.expected = where.expected;
  }

  /** HTTP status, exit code and whether the same call may succeed later. */
  get kind(): ErrorKind {
    return ERRORS[this.code];
  }
}

interface Where {
  field?: string;
  value?: unknown;
  expected?: string;
  cause?: unknown;
}

interface ErrorKind {
  httpStatus: number;
  /** Of the command line: 2 bad input, 3 a check or gate said no, 1 anything else. */
  exitCode: 1 | 2 | 3;
  retryable: boolean;
}

const badInput: ErrorKind = { httpStatus: 400, exitCode: 2, retryable: false };
const refused: ErrorKind = { httpStatus: 422, exitCode: 3, retryable: false };
const broken: ErrorKind = { httpStatus: 500, exitCode: 1, retryable: false };

export const ERRORS = {
  /** The definition does not fit its schema, or contradicts itself. */
  INVALID_DEFINITION: badInput,
  /** An argument, option or file given to a command or client call is wrong. */
  INVALID_INPUT: badInput,
  /** A source's file, glob, address or table is not there. */
  SOURCE_NOT_FOUND: { ...badInput, httpStatus: 404 },
  /** A source is there and cannot be read: a broken row, not Parquet, a refused query. */
  SOURCE_UNREADABLE: badInput,
  /** A secret that the definition names is not in the environment of the worker. */
  SECRET_MISSING: badInput,
  /** The dataset's SQL is not one SELECT, is volatile, or reaches outside its sources. */
  SQL_REFUSED: badInput,
  /** A feature, check, key, time or target names a column that the dataset does not have. */
  UNKNOWN_COLUMN: badInput,
  /** The dataset cannot be learned from: 0 rows, one class, nulls or infinities in the target. */
  DATASET_UNUSABLE: badInput,
  /** A learner cannot take this data or these hyperparameters. */
  LEARNER_REFUSED: badInput,
  /** No candidate of a search had a score within the time and the memory that the definition's `budget` gives it. */
  BUDGET_EXCEEDED: badInput,
  /** Another run of the same lifecycle is under way. */
  RUN_IN_PROGRESS: { ...badInput, httpStatus: 409 },
  /** No such run, model, version, rollout or artifact. */
  NOT_FOUND: { ...badInput, httpStatus: 404 },
  /** A route was changed since it was read, or belongs to a rollout that is under way. */
  ROUTE_CONFLICT: { ...badInput, httpStatus: 409 },
  /** Another rollout of the same model is under way. */
  ROLLOUT_IN_PROGRESS: { ...badInput, httpStatus: 409 },
  /** The phase of a rollout does not take this command: approving what awaits no approval, resuming what is not paused. */
  ROLLOUT_PHASE: { ...badInput, httpStatus: 409 },
  /** The state of a lifecycle does not take this command: resuming what is not paused, approving what nobody asked for. */
  LIFECYCLE_STATE: { ...badInput, httpStatus: 409 },
  /** The gateway asks for an API key, and none, or an unknown or revoked one, was given. */
  UNAUTHENTICATED: { ...badInput, httpStatus: 401 },
  /** The API key lacks the role that this call needs. */
  FORBIDDEN: { ...badInput, httpStatus: 403 },
  /** A request's body, rows or a text in it are over the gateway's limits. */
  TOO_LARGE: { ...badInput, httpStatus: 413 },
  /** A body is of a media type that this address does not read. */
  UNSUPPORTED_MEDIA: { ...badInput, httpStatus: 415 },
  /** An answer was not computed in time. */
  DEADLINE_EXCEEDED: { httpStatus: 504, exitCode: 1, retryable: true },
  /** A request did not arrive in time. */
  TIMED_OUT: { httpStatus: 408, exitCode: 1, retryable: true },
  /** The gateway has as much under way as it takes; the answer says when to try again. */
  OVERLOADED: { httpStatus: 503, exitCode: 1, retryable: true },
  /** A data check failed; the report is kept with the run. */
  CHECK_FAILED: refused,
  /** The gate said no: below `select.atLeast`, or worse than the champion. */
  GATE_REFUSED: refused,
  /** The ONNX file answers differently from the learner; nothing was registered. */
  PARITY_FAILED: broken,
  /** Bytes read from the store do not have the digest under which they were kept. */
  ARTIFACT_CORRUPT: broken,
  /** A workflow or activity payload is over 32 KiB: a defect of this program. */
  PAYLOAD_TOO_LARGE: broken,
  /** The database is of a newer version than this program. */
  SCHEMA_TOO_NEW: broken,
  /** A part of the embedded stack cannot be found, fetched or started. */
  STACK_UNAVAILABLE: { httpStatus: 503, exitCode: 1, retryable: true },
  /** A webhook will not have a notice: it answered 4xx, and asking again would change nothing. */
  WEBHOOK_REFUSED: { ...broken, httpStatus: 502 },
  /** Somebody cancelled the work. */
  CANCELLED: { ...broken, httpStatus: 499 },
  /** A defect of this program. */
  INTERNAL: broken,
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERRORS;

const MAX_VALUE_LENGTH = 120;

function shorten(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value));
  return text.length > MAX_VALUE_LENGTH ? `${text.slice(0, MAX_VALUE_LENGTH)}...` : text;
}
