import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { ERRORS, PerennialError, type ErrorCode } from '../config/errors.ts';
import { isTransient } from '../config/transient.ts';

/** What every refusal of the gateway looks like. The Open Inference Protocol asks for `error` as text; the rest is ours. */
export interface ErrorBody {
  /** A sentence for people. */
  error: string;
  code: ErrorCode;
  /** Path of the offending field, for example `rows[3].distance`. */
  field?: string;
  value?: string;
  expected?: string;
  requestId: string;
}

/** After this time the same request may find room. */
export const RETRY_AFTER_SECONDS = 1;

/** Answers with the error's status and body. What is not ours to tell is logged and answered as INTERNAL. */
export function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const told = tellable(error, request);
  const status = statusOf(error, told.code);
  if (status >= 500 && told.code !== 'OVERLOADED') {
    request.log.error({ err: error, requestId: request.id }, 'a request failed');
  }
  if (ERRORS[told.code].retryable && status === 503) reply.header('retry-after', RETRY_AFTER_SECONDS);
  if (status === 401) reply.header('www-authenticate', 'Bearer realm="perennial"');
  // A body that was not read to its end would be taken for the next request.
  if (status === 413 || status === 408) reply.header('connection', 'close');
  return reply.code(status).type('application/json; charset=utf-8').send(JSON.stringify(told));
}

/** The body of an error, as it may be told to a caller. */
export function errorBody(error: PerennialError, requestId: string): ErrorBody {
  const { code, field, value, expected } = error;
  return { error: PRIVATE[code] ?? shorten(error.message), code, field, value, expected, requestId };
}

/** A message may quote what the caller sent, which may be megabytes. */
const MAX_SENTENCE = 1_000;

function shorten(sentence: string): string {
  return sentence.length > MAX_SENTENCE ? `${sentence.slice(0, MAX_SENTENCE)}...` : sentence;
}

/** Instead of messages that name our own machines and digests. */
const PRIVATE: Partial<Record<ErrorCode, string>> = {
  INTERNAL: 'The gateway failed; the log of the gateway says why under this request id.',
  STACK_UNAVAILABLE: 'A part that this request needs, such as the database, does not answer at the moment.',
  ARTIFACT_CORRUPT: 'The stored model is damaged and is not used.',
};

/** Of Fastify's own refusals, those of which we can say more than it does. */
const FASTIFY: Partial<Record<string, Omit<ErrorBody, 'requestId'>>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: {
    error: 'The body is larger than this gateway takes.',
    code: 'TOO_LARGE',
    field: 'body',
  },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: {
    error: 'The body is of a media type that this address does not read.',
    code: 'UNSUPPORTED_MEDIA',
    field: 'content-type',
    expected: 'application/json',
  },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: {
    error: 'The body has another length than Content-Length says.',
    code: 'INVALID_INPUT',
    field: 'content-length',
  },
};

function tellable(error: unknown, request: FastifyRequest): ErrorBody {
  const requestId = String(request.id);
  if (error instanceof PerennialError) return errorBody(error, requestId);
  if (!isFastifyError(error)) {
    // The database may be away for a while; who sends labels meanwhile is to send them again.
    const code = isTransient(error) ? 'STACK_UNAVAILABLE' : 'INTERNAL';
    return { error: PRIVATE[code] ?? '', code, requestId };
  }
  const known = FASTIFY[error.code];
  if (known?.code === 'TOO_LARGE')
    return { ...known, expected: `at most ${request.routeOptions.bodyLimit} bytes`, requestId };
  if (known) return { ...known, requestId };
  if (error.validation) {
    const [first] = error.validation;
    const field = `${error.validationContext ?? 'body'}${first.instancePath.replaceAll('/', '.')}`;
    return { error: `${error.message}.`, code: 'INVALID_INPUT', field, expected: first.message, requestId };
  }
  return { error: `${error.message}.`, code: 'INVALID_INPUT', requestId };
}

function statusOf(error: unknown, code: ErrorCode): number {
  if (error instanceof PerennialError || !isFastifyError(error)) return ERRORS[code].httpStatus;
  return error.statusCode ?? ERRORS[code].httpStatus;
}

/** Fastify's own, about a request; its errors about a program (5xx) and everybody else's are defects. */
function isFastifyError(error: unknown): error is FastifyError & { code: string } {
  if (!(error instanceof Error)) return false;
  const { statusCode = 500, code, validation } = error as FastifyError;
  return statusCode >= 400 && statusCode < 500 && (validation !== undefined || code?.startsWith('FST_ERR_'));
}
