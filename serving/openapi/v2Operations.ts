import { json, NAME, refusals, VERSION, type Operation } from './operations.ts';
import type { Schema } from './schemas.ts';

const object = (required: string[], properties: Record<string, Schema>): Schema => ({
  type: 'object',
  required,
  properties,
});
const string: Schema = { type: 'string' };
const shape: Schema = { type: 'array', items: { type: 'integer' } };
const tensorHead = { name: string, shape, datatype: string, parameters: { type: 'object' } };
const tensor: Schema = object(['name', 'shape', 'datatype'], { ...tensorHead, data: { type: 'array' } });
const described: Schema = {
  type: 'array',
  items: object(['name', 'shape', 'datatype'], { name: string, shape, datatype: string }),
};

const BINARY = { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } };
const INFER_REQUEST = object(['inputs'], {
  id: string,
  parameters: {
    type: 'object',
    properties: {
      key: { ...string, description: 'Whose request this is; the same key gets the same version.' },
      binary_data_output: { type: 'boolean' },
    },
  },
  inputs: { type: 'array', items: tensor, minItems: 1 },
  outputs: { type: 'array', items: object(['name'], { name: string, parameters: { type: 'object' } }) },
});
const INFER_EXAMPLE = {
  inputs: [
    { name: 'distance', shape: [2, 1], datatype: 'FP64', data: [512, 1200] },
    { name: 'carrier', shape: [2, 1], datatype: 'BYTES', data: ['AA', 'WN'] },
  ],
};

const of = (
  operationId: string,
  summary: string,
  schema: Schema,
  more: Partial<Operation> = {},
): Operation => ({
  operationId,
  tags: ['Open Inference Protocol V2'],
  summary,
  responses: { 200: json(schema, summary) },
  ...more,
});

function ofModel(suffix: string, parameters: Schema[]): [string, Operation][] {
  const path = `/v2/models/:name${parameters.length === 2 ? '/versions/:version' : ''}`;
  const metadata = object(['name', 'versions', 'platform', 'inputs', 'outputs'], {
    name: string,
    versions: { type: 'array', items: string },
    platform: string,
    inputs: described,
    outputs: described,
  });
  const ready = object(['name', 'ready'], { name: string, ready: { type: 'boolean' } });
  const answer = object(['model_name', 'model_version', 'outputs'], {
    model_name: string,
    model_version: string,
    id: string,
    outputs: { type: 'array', items: tensor },
  });
  const whose = parameters.length === 2 ? 'a version' : 'a model';
  return [
    [
      `GET ${path}`,
      of(`v2Metadata${suffix}`, `Inputs and outputs of ${whose}`, metadata, {
        parameters,
        responses: { 200: json(metadata, 'Metadata.'), ...refusals(404) },
      }),
    ],
    [
      `GET ${path}/ready`,
      of(`v2Ready${suffix}`, `Whether ${whose} is loaded`, ready, {
        parameters,
        responses: { 200: json(ready, 'It is.'), 503: json(ready, 'It is not.'), ...refusals(404) },
      }),
    ],
    [
      `POST ${path}/infer`,
      of(`v2Infer${suffix}`, `Ask ${whose}`, answer, {
        description:
          'Tensors as JSON, or in the binary extension with the header Inference-Header-Content-Length.',
        parameters: [
          ...parameters,
          {
            in: 'header',
            name: 'Inference-Header-Content-Length',
            description: 'Bytes of the JSON; behind it stand the binary tensors.',
            required: false,
            schema: { type: 'integer', minimum: 0 },
          },
        ],
        requestBody: {
          required: true,
          content: { 'application/json': { schema: INFER_REQUEST, example: INFER_EXAMPLE }, ...BINARY },
        },
        responses: {
          200: {
            description: 'A tensor for each output.',
            content: { 'application/json': { schema: answer }, ...BINARY },
          },
          ...refusals(400, 404, 408, 413, 503, 504),
        },
      }),
    ],
  ];
}

/** By method and address. https://github.com/kserve/open-inference-protocol */
export const V2_OPERATIONS: Partial<Record<string, Operation>> = {
  'GET /v2': of(
    'v2Server',
    'Name, version and extensions of the server',
    object(['name', 'version', 'extensions'], {
      name: string,
      version: string,
      extensions: { type: 'array', items: string },
    }),
  ),
  'GET /v2/health/live': of(
    'v2Live',
    'Whether the server lives',
    object(['live'], { live: { type: 'boolean' } }),
  ),
  'GET /v2/health/ready': of(
    'v2ServerReady',
    'Whether the server takes requests',
    object(['ready'], { ready: { type: 'boolean' } }),
  ),
  ...Object.fromEntries([...ofModel('', [NAME]), ...ofModel('OfVersion', [NAME, VERSION])]),
};
