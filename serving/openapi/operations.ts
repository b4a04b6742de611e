import type { ErrorCode } from '../../config/errors.ts';
import { ref, type Schema } from './schemas.ts';

/** What the document says of one route. */
export interface Operation {
  operationId: string;
  tags: [string];
  summary: string;
  description?: string;
  parameters?: Schema[];
  requestBody?: Schema;
  responses: Record<string, Schema>;
}

const parameter = (
  place: 'path' | 'query' | 'header',
  name: string,
  description: string,
  schema: Schema,
): Schema => ({
  in: place,
  name,
  description,
  required: place === 'path',
  schema,
});

export const NAME = parameter('path', 'name', 'Of the model.', { type: 'string' });
export const VERSION = parameter('path', 'version', 'Whatever the route says: 1, 2, 3 ...', {
  type: 'integer',
  minimum: 1,
});
const REQUEST_ID = parameter(
  'header',
  'X-Request-Id',
  'Up to 128 letters, digits and `._:/-`. By default a UUIDv7.',
  { type: 'string', maxLength: 128 },
);

export const json = (schema: Schema, description: string): Schema => ({
  description,
  content: { 'application/json': { schema } },
});
export const jsonBody = (schema: Schema, more: Schema = {}): Schema => ({
  required: true,
  content: { 'application/json': { schema, ...more } },
});

/** The refusals that an address can give, by their statuses, each with one that somebody got. */
export function refusals(...statuses: (keyof typeof REFUSALS)[]): Record<string, Schema> {
  const refusal = (status: keyof typeof REFUSALS): Schema => {
    const [description, error, code, field] = REFUSALS[status];
    const example = { error, code, field, requestId: '01a1fcf9-d00f-70a8-b694-aeeb2f081b97' };
    return { description, content: { 'application/json': { schema: ref('Error'), example } } };
  };
  return Object.fromEntries(statuses.map((status) => [status, refusal(status)]));
}

const REFUSALS: Record<
  400 | 404 | 408 | 409 | 413 | 415 | 503 | 504,
  [description: string, error: string, code: ErrorCode, field?: string]
> = {
  400: [
    'The request is wrong; `field` says where.',
    'rows[3].distance is "far"; expected a number such as -12.5 or 1e3, blank where it is missing.',
    'INVALID_INPUT',
    'rows[3].distance',
  ],
  404: [
    'There is no such model or version.',
    'There is no version 9 of the model flights.',
    'NOT_FOUND',
    'version',
  ],
  408: ['The request did not arrive in time.', 'The request did not arrive in time.', 'TIMED_OUT'],
  409: [
    'The route is at another revision, or belongs to a rollout that is under way.',
    'The route of flights is at revision 8, not at 7: somebody changed it.',
    'ROUTE_CONFLICT',
    'revision',
  ],
  413: [
    'The body, the rows or a text are over the limits of the gateway.',
    'The request has 200000 rows; at most 100000 are taken.',
    'TOO_LARGE',
    'rows',
  ],
  415: [
    'The body is not of a media type that this address reads.',
    'The body is of a media type that this address does not read.',
    'UNSUPPORTED_MEDIA',
    'content-type',
  ],
  503: [
    'The gateway has as much under way as it takes; Retry-After says when to try again.',
    '1000 requests are under way. Nothing was computed.',
    'OVERLOADED',
  ],
  504: ['The answer was not computed in time.', 'The answer was not computed in time.', 'DEADLINE_EXCEEDED'],
};

const ANSWER = {
  model: 'flights',
  requestId: '01a1fcf9-d00f-70a8-b694-aeeb2f081b97',
  predictions: [
    {
      prediction: false,
      probability: 0.95,
      probabilities: { false: 0.95, true: 0.05 },
      version: 3,
      arm: 'champion',
    },
  ],
};

const predict = (operationId: string, summary: string, path: Schema[]): Operation => ({
  operationId,
  tags: ['predict'],
  summary,
  parameters: [...path, REQUEST_ID],
  requestBody: jsonBody(ref('PredictRequest')),
  responses: {
    200: {
      description: 'A prediction for each row.',
      content: { 'application/json': { schema: ref('PredictAnswer'), example: ANSWER } },
    },
    ...refusals(400, 404, 408, 413, 415, 503, 504),
  },
});

/** By method and address, as Fastify writes it. */
export const OPERATIONS: Partial<Record<string, Operation>> = {
  'POST /models/:name/predict': {
    ...predict('predict', 'Ask the model', [NAME]),
    description:
      'Answered by the champion or, during a rollout, for its share of the keys by the challenger. Every answer is logged under the request id.',
  },
  'POST /models/:name/versions/:version/predict': predict('predictByVersion', 'Ask one version', [
    NAME,
    VERSION,
  ]),
  'GET /models': {
    operationId: 'listModels',
    tags: ['models'],
    summary: 'All models',
    responses: { 200: json(ref('Models'), 'By name.') },
  },
  'GET /models/:name': {
    operationId: 'getModel',
    tags: ['models'],
    summary: 'What a model reads and answers, with a request to copy',
    parameters: [NAME],
    responses: { 200: json(ref('Model'), 'The model.'), ...refusals(404) },
  },
  'GET /models/:name/versions/:version': {
    operationId: 'getModelVersion',
    tags: ['models'],
    summary: 'One version, with where it comes from',
    parameters: [NAME, VERSION],
    responses: { 200: json(ref('ModelVersion'), 'The version.'), ...refusals(404) },
  },
  'GET /models/:name/route': {
    operationId: 'getRoute',
    tags: ['route'],
    summary: 'Which versions serve',
    parameters: [NAME],
    responses: { 200: json(ref('Route'), 'The route.'), ...refusals(404) },
  },
  'PUT /models/:name/route': {
    operationId: 'changeRoute',
    tags: ['route'],
    summary: 'Let another version serve',
    description: 'By hand and for every key at once. A rollout splits the traffic and judges the challenger.',
    parameters: [
      NAME,
      parameter('header', 'Idempotency-Key', 'A repeated request with the same key changes nothing more.', {
        type: 'string',
        maxLength: 128,
      }),
    ],
    requestBody: jsonBody(ref('RouteChange'), {
      example: { champion: 2, revision: 7, reason: 'version 3 is wrong about the night flights' },
    }),
    responses: { 200: json(ref('Route'), 'The route as it is now.'), ...refusals(400, 404, 409, 413, 415) },
  },
  'GET /models/:name/route/history': {
    operationId: 'getRouteHistory',
    tags: ['route'],
    summary: 'Which versions served when, and why',
    parameters: [
      NAME,
      parameter('query', 'limit', 'States.', { type: 'integer', minimum: 1, maximum: 1_000, default: 100 }),
    ],
    responses: { 200: json(ref('RouteHistory'), 'Newest first.'), ...refusals(400, 404) },
  },
  'POST /models/:name/events': {
    operationId: 'sendEvent',
    tags: ['lifecycle'],
    summary: 'Tell that something happened which may be worth a retraining',
    description:
      "The deployed definition's `retrain` decides. An event that is sent again under its id is the same one.",
    parameters: [NAME],
    requestBody: jsonBody(ref('Event'), {
      example: { id: 'load/2026-01-31', reason: 'the warehouse was loaded' },
    }),
    responses: {
      202: json(ref('EventTaken'), 'It is kept, and told to the lifecycle within seconds.'),
      ...refusals(400, 404, 413, 415),
    },
  },
  'GET /health/live': {
    operationId: 'live',
    tags: ['operate'],
    summary: 'Whether the process lives',
    responses: {
      200: json({ type: 'object', required: ['live'], properties: { live: { const: true } } }, 'It does.'),
    },
  },
  'GET /health/ready': {
    operationId: 'ready',
    tags: ['operate'],
    summary: 'Whether requests should come here',
    responses: { 200: json(ref('Ready'), 'Yes.'), 503: json(ref('Ready'), 'Not yet, or no more.') },
  },
  'GET /metrics': {
    operationId: 'metrics',
    tags: ['operate'],
    summary: 'For Prometheus',
    responses: {
      200: { description: 'Text, version 0.0.4.', content: { 'text/plain': { schema: { type: 'string' } } } },
    },
  },
  'GET /openapi.json': {
    operationId: 'openapi',
    tags: ['operate'],
    summary: 'This document',
    responses: { 200: json({ type: 'object' }, 'OpenAPI 3.1.') },
  },
  'GET /': {
    operationId: 'index',
    tags: ['operate'],
    summary: 'Where things are',
    responses: {
      200: {
        description: 'A page for browsers, JSON for others.',
        content: {
          'application/json': { schema: { type: 'object', additionalProperties: { type: 'string' } } },
          'text/html': { schema: { type: 'string' } },
        },
      },
    },
  },
};
