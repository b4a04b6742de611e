import { createRequire } from 'node:module';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { someJson, tinyModel } from './fixtures.ts';
import { serveWhole, type WholeGateway } from './httpServer.ts';

/** The document says what is there, in valid OpenAPI, and the gateway answers as it says. */

interface Content {
  schema: object;
  example?: unknown;
  examples?: Record<string, { value: unknown }>;
}
interface Operation {
  operationId: string;
  summary?: string;
  tags?: string[];
  parameters?: { in: string; name: string; required: boolean; schema: object }[];
  requestBody?: { content: Record<string, Content> };
  responses: Record<string, { description: string; content?: Record<string, Content> }>;
}
interface Document {
  openapi: string;
  info: { version: string };
  tags: { name: string }[];
  components: { schemas: Record<string, object> };
  paths: Record<string, Record<string, Operation>>;
}
interface Validate {
  (value: unknown): boolean;
  errors?: unknown;
}

// The validator of Fastify itself, in the dialect of OpenAPI 3.1.
const require = createRequire(createRequire(import.meta.url).resolve('@fastify/ajv-compiler'));
interface Ajv {
  compile(schema: object): Validate;
  validateSchema(schema: object): boolean;
  errors?: unknown;
}
const { default: Ajv2020 } = require('ajv/dist/2020') as { default: new (options: object) => Ajv };
const ajv = new Ajv2020({ strict: false, validateFormats: false, validateSchema: false, allErrors: true });

let whole: WholeGateway;
let document: Document;
let operations: [address: string, operation: Operation][];

const fetchJson = async <T>(path: string): Promise<T> =>
  (await fetch(`${whole.gateway.url}${path}`)).json() as Promise<T>;

beforeAll(async () => {
  whole = await serveWhole([
    ['flights', await tinyModel({ learner: 'forest', params: { trees: 3 } })],
    ['minutes', await tinyModel({ task: 'regression', learner: 'ridge' })],
  ]);
  document = await fetchJson<Document>('/openapi.json');
  operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, Operation] => [
      `${method.toUpperCase()} ${path}`,
      operation,
    ]),
  );
});
afterAll(() => whole.close());

/** With the components that it may refer to. */
function compile(schema: object): Validate {
  return ajv.compile({ components: document.components, allOf: [schema] });
}

test('every address is listed', () => {
  expect(operations.map(([address]) => address).sort()).toEqual(
    [
      'GET /',
      'GET /health/live',
      'GET /health/ready',
      'GET /metrics',
      'GET /models',
      'GET /models/{name}',
      'GET /models/{name}/route',
      'GET /models/{name}/route/history',
      'GET /models/{name}/versions/{version}',
      'GET /openapi.json',
      'GET /models/{name}/predictions',
      'GET /v2',
      'GET /v2/health/live',
      'GET /v2/health/ready',
      'GET /v2/models/{name}',
      'GET /v2/models/{name}/ready',
      'GET /v2/models/{name}/versions/{version}',
      'GET /v2/models/{name}/versions/{version}/ready',
      'POST /labels',
      'POST /models/{name}/events',
      'POST /models/{name}/predict',
      'POST /models/{name}/versions/{version}/predict',
      'POST /v2/models/{name}/infer',
      'POST /v2/models/{name}/versions/{version}/infer',
      'PUT /models/{name}/route',
    ].sort(),
  );
});

test('each operation says what it is, by a name of its own', () => {
  expect(document).toMatchObject({ openapi: '3.1.0', info: { version: '1.2.3' } });
  const tags = document.tags.map(({ name }) => name);
  for (const [address, { summary, tags: [tag] = [], parameters = [], responses }] of operations) {
    expect({ address, summary, known: tags.includes(tag) }).toMatchObject({
      summary: expect.any(String) as string,
      known: true,
    });
    expect(Object.keys(responses).length).toBeGreaterThan(0);
    const inPath = [...address.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    const declared = parameters.filter((parameter) => parameter.in === 'path' && parameter.required);
    expect(declared.map(({ name }) => name)).toEqual(inPath);
  }
  const ids = operations.flatMap(([, { operationId }]) => operationId ?? []);
  expect(new Set(ids).size).toBe(ids.length);
});

test('every schema is one, and every example fits its schema', () => {
  const expectSchema = (schema: object) =>
    expect({ schema, valid: ajv.validateSchema(schema), errors: ajv.errors }).toMatchObject({ valid: true });
  for (const schema of Object.values(document.components.schemas)) expectSchema(schema);
  let examples = 0;
  for (const [address, { parameters = [], requestBody, responses }] of operations) {
    for (const { schema } of parameters) expectSchema(schema);
    for (const { content = {} } of [...(requestBody ? [requestBody] : []), ...Object.values(responses)]) {
      for (const { schema, example, examples: several = {} } of Object.values(content)) {
        expectSchema(schema);
        const validate = compile(schema);
        const values = Object.values(several).map(({ value }) => value);
        for (const value of example === undefined ? values : [example, ...values]) {
          expect({ address, value, fits: validate(value), errors: validate.errors }).toMatchObject({
            fits: true,
          });
          examples++;
        }
      }
    }
  }
  expect(examples).toBeGreaterThanOrEqual(4);
});

test('each model has an example, and it is answered', async () => {
  const examples =
    document.paths['/models/{name}/predict'].post.requestBody?.content['application/json'].examples ?? {};
  expect(Object.keys(examples)).toEqual(['flights', 'minutes']);
  for (const [name, { value }] of Object.entries(examples)) {
    const answer = await fetch(`${whole.gateway.url}/models/${name}/predict`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(value),
    });
    expect(answer.status).toBe(200);
  }
});

describe('answers are as the document says', () => {
  type Ask = [address: string, path: string, init?: { method: string; body: object }];
  const rows = someJson(2);
  const predict = { method: 'POST', body: { rows, keys: ['a', 'b'], explain: true } };
  test.each<Ask>([
    ['GET /', '/'],
    ['GET /health/live', '/health/live'],
    ['GET /health/ready', '/health/ready'],
    ['GET /models', '/models'],
    ['GET /models/{name}', '/models/flights'],
    ['GET /models/{name}', '/models/nobody'],
    ['GET /models/{name}/versions/{version}', '/models/minutes/versions/1'],
    ['GET /models/{name}/versions/{version}', '/models/minutes/versions/2'],
    ['GET /models/{name}/route', '/models/flights/route'],
    ['GET /models/{name}/route/history', '/models/flights/route/history?limit=5'],
    ['GET /models/{name}/route/history', '/models/flights/route/history?limit=0'],
    [
      'PUT /models/{name}/route',
      '/models/flights/route',
      { method: 'PUT', body: { champion: 1, revision: 9, reason: 'no' } },
    ],
    [
      'PUT /models/{name}/route',
      '/models/flights/route',
      { method: 'PUT', body: { champion: 1, revision: 1, reason: 'yes' } },
    ],
    [
      'POST /models/{name}/events',
      '/models/flights/events',
      { method: 'POST', body: { id: 'a', reason: 'no lifecycle' } },
    ],
    ['POST /models/{name}/predict', '/models/flights/predict', predict],
    ['POST /models/{name}/predict', '/models/minutes/predict', predict],
    ['POST /models/{name}/predict', '/models/flights/predict', { method: 'POST', body: { rows: 5 } }],
    ['POST /models/{name}/predict', '/models/nobody/predict', predict],
    ['POST /models/{name}/versions/{version}/predict', '/models/flights/versions/1/predict', predict],
    ['GET /v2', '/v2'],
    ['GET /v2/models/{name}', '/v2/models/flights'],
    ['GET /v2/models/{name}/ready', '/v2/models/flights/ready'],
    ['GET /v2/models/{name}/versions/{version}', '/v2/models/flights/versions/7'],
    ['POST /v2/models/{name}/infer', '/v2/models/flights/infer', { method: 'POST', body: { inputs: [] } }],
  ])('%s: %s', async (address, path, init) => {
    const operation = new Map(operations).get(address);
    const answer = await fetch(`${whole.gateway.url}${path}`, {
      method: init?.method,
      headers: init ? { 'content-type': 'application/json' } : {},
      body: init && JSON.stringify(init.body),
    });
    const said = operation?.responses[answer.status]?.content?.['application/json'].schema;
    expect({ status: answer.status, said: said !== undefined }).toMatchObject({ said: true });
    const validate = compile(said as object);
    const body: unknown = await answer.json();
    expect({ body, fits: validate(body), errors: validate.errors }).toMatchObject({ fits: true });
  });
});

describe('the page to try it', () => {
  test('loads nothing from elsewhere', async () => {
    const page = await (await fetch(`${whole.gateway.url}/docs/`)).text();
    const addresses = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address]) => address);
    expect(addresses.length).toBeGreaterThan(3);
    for (const address of addresses) {
      expect(address).not.toMatch(/^(https?:)?\/\//);
      const asset = await fetch(new URL(address, `${whole.gateway.url}/docs/`));
      expect({ address, status: asset.status }).toEqual({ address, status: 200 });
    }
  });

  test('reads the same document, with the examples', async () => {
    expect(await fetchJson('/docs/json')).toEqual(await fetchJson('/openapi.json'));
  });

  test('a browser is shown where things are', async () => {
    const answer = await fetch(`${whole.gateway.url}/`, { headers: { accept: 'text/html,*/*' } });
    expect(answer.headers.get('content-type')).toMatch(/^text\/html/);
    for (const [, address] of (await answer.text()).matchAll(/href="([^"]+)"/g)) {
      expect((await fetch(new URL(address, whole.gateway.url))).status).toBe(200);
    }
  });
});
