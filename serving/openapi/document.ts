import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { OPERATIONS, type Operation } from './operations.ts';
import { SCHEMAS } from './schemas.ts';
import { V2_OPERATIONS } from './v2Operations.ts';

export interface DocumentOptions {
  /** Of this program. */
  version: string;
  requireKeys: boolean;
  /** A request's body to try, by model; asked for whenever the document is. */
  examples: () => Promise<Record<string, object>>;
  /** Of other rooms' plugins. */
  operations?: Partial<Record<string, Operation>>;
}

type Paths = Record<string, Record<string, object>>;

/**
 * `/openapi.json` and, to try it, `/docs`. The addresses are those that were registered after this; what is said of them
 * stands in the tables of operations, so that no schema stands in the way of a request.
 */
export async function addDocument(server: FastifyInstance, options: DocumentOptions): Promise<void> {
  const { requireKeys, version } = options;
  const operations = { ...OPERATIONS, ...V2_OPERATIONS, ...options.operations };
  const roles = new Map<string, string | undefined>();
  server.addHook('onRoute', ({ method, url, config }) => {
    for (const each of [method].flat()) roles.set(`${each} ${url}`, config?.role);
  });
  await server.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Perennial gateway', version, description: INTRODUCTION },
      tags: TAGS,
    },
    transformObject: (document) => {
      const object = 'openapiObject' in document ? document.openapiObject : document.swaggerObject;
      const paths = describe(object.paths as Paths, operations, requireKeys ? roles : undefined);
      const components = requireKeys ? { schemas: SCHEMAS, securitySchemes: SECURITY } : { schemas: SCHEMAS };
      return { ...object, paths, components };
    },
  });

  let document: Record<string, unknown> = {};
  const refresh = async (): Promise<void> => {
    document = withExamples(server.swagger() as Record<string, unknown>, await options.examples());
  };
  server.get('/openapi.json', { config: { role: 'anyone' } }, async () => {
    await refresh();
    return document;
  });
  await server.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: true,
    uiConfig: {
      docExpansion: 'list',
      defaultModelsExpandDepth: 0,
      tryItOutEnabled: true,
      displayRequestDuration: true,
    },
    theme: { title: 'Perennial gateway', css: [{ filename: 'perennial.css', content: STYLE }] },
    uiHooks: {
      onRequest: (request, _reply, done) => {
        if (!request.url.endsWith('/json')) return done();
        refresh().then(() => done(), done);
      },
    },
    transformSpecification: () => document,
    transformSpecificationClone: false,
  });
}

/** Says of each registered address what its table says. @param roles that a key must have, where keys are asked for */
function describe(
  paths: Paths,
  operations: Partial<Record<string, Operation>>,
  roles: ReadonlyMap<string, string | undefined> | undefined,
): Paths {
  const described = Object.entries(paths).map(([path, methods]) => [
    path,
    Object.fromEntries(
      Object.entries(methods).map(([method, generated]) => {
        const address = `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`;
        const operation = operations[address] ?? (generated as Operation);
        const role = roles?.get(address) ?? 'anyone';
        if (role === 'anyone') return [method, operation];
        const needs = `Needs a key with the role \`${role}\`.`;
        const description = operation.description ? `${operation.description} ${needs}` : needs;
        const responses = { ...operation.responses, ...KEY_REFUSALS };
        return [method, { ...operation, description, responses, security: [{ bearer: [] }, { apiKey: [] }] }];
      }),
    ),
  ]);
  return Object.fromEntries(described) as Paths;
}

/** A request of each model to try, and the first of them by its name wherever a name is asked for. */
function withExamples(
  document: Record<string, unknown>,
  examples: Record<string, object>,
): Record<string, unknown> {
  const names = Object.keys(examples);
  if (names.length === 0) return document;
  const copy = structuredClone(document);
  for (const [path, methods] of Object.entries(copy.paths as Paths)) {
    for (const { parameters = [], requestBody } of Object.values(methods) as Exemplary[]) {
      for (const parameter of parameters) {
        if (parameter.in === 'path' && parameter.name === 'name') parameter.example = names[0];
      }
      if (requestBody === undefined || path !== '/models/{name}/predict') continue;
      requestBody.content['application/json'].examples = Object.fromEntries(
        names.map((name) => [name, { summary: name, value: examples[name] }]),
      );
    }
  }
  return copy;
}

interface Exemplary {
  parameters?: { in: string; name: string; example?: string }[];
  requestBody?: { content: Record<string, { examples?: object }> };
}

const error = (description: string) => ({
  description,
  content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
});
const KEY_REFUSALS = {
  401: error('No API key, or one that is unknown or revoked.'),
  403: error('The key lacks the role that this address needs.'),
};

const SECURITY = {
  bearer: { type: 'http', scheme: 'bearer' },
  apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
} as const;

const TAGS = [
  { name: 'predict', description: 'Rows in, predictions out.' },
  { name: 'labels', description: 'What was true, told later.' },
  { name: 'models', description: 'What can be asked.' },
  { name: 'route', description: 'Which versions serve.' },
  { name: 'lifecycle', description: 'What may lead to a new version.' },
  { name: 'operate', description: 'Health, metrics and this document.' },
  { name: 'Open Inference Protocol V2', description: 'For the clients of KServe and Triton.' },
];

const INTRODUCTION = `Ask a model with rows as JSON objects at \`POST /models/{name}/predict\`, or by the Open
Inference Protocol V2. \`GET /models/{name}\` answers a request to copy. Every refusal has the same shape: a sentence, a
code, the field, what was found there and what would be right.`;

const STYLE = `
.swagger-ui .topbar { display: none }
.swagger-ui .info { margin: 24px 0 }
`;
