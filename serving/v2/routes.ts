import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { PerennialError } from '../../config/errors.ts';
import { readVersion, type ModelAddress } from '../modelAddress.ts';
import type { GatewayLimits, Inference } from '../types.ts';
import { wantedOutputs, writeAnswer } from './answer.ts';
import { readBatch } from './batch.ts';
import { HEADER } from './document.ts';
import { modelMetadata } from './metadata.ts';
import { readRequest } from './request.ts';

export interface V2Options {
  inference: Inference;
  limits: GatewayLimits;
  /** Of this program. */
  version: string;
  /** Whether the gateway takes requests now. */
  isReady: () => boolean;
}

/**
 * The Open Inference Protocol V2 over HTTP with the extensions for binary data and classification: a Fastify plugin.
 * What /openapi.json says of it stands in serving/openapi/v2Operations.ts.
 *
 * @see https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md
 */
export async function v2Routes(app: FastifyInstance, options: V2Options): Promise<void> {
  const { inference, limits } = options;
  readBodies(app, limits);
  // KServe's client reads why it was refused only where the type is this and says no charset.
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (reply.statusCode >= 400) reply.header('content-type', 'application/json');
    done();
  });

  app.get('/v2', () => ({
    name: 'perennial',
    version: options.version,
    extensions: ['binary_tensor_data', 'classification'],
  }));
  app.get('/v2/health/live', () => ({ live: true }));
  app.get('/v2/health/ready', (_request, reply) => {
    const ready = options.isReady();
    return reply.code(ready ? 200 : 503).send({ live: true, ready });
  });

  for (const path of ['/v2/models/:name', '/v2/models/:name/versions/:version']) {
    app.get<{ Params: ModelAddress }>(path, async ({ params }) => {
      const model = await inference.describe(params.name, readVersion(params.version));
      return modelMetadata(model, await inference.versions(params.name));
    });
    app.get<{ Params: ModelAddress }>(
      `${path}/ready`,

      async ({ params }, reply) => {
        const version = readVersion(params.version);
        await inference.describe(params.name, version);
        const ready = inference.isReady(params.name, version);
        return reply.code(ready ? 200 : 503).send({ name: params.name, ready });
      },
    );
    app.post<{ Params: ModelAddress }>(`${path}/infer`, (request, reply) => infer(options, request, reply));
  }
}

async function infer(
  { inference, limits }: V2Options,
  request: FastifyRequest<{ Params: ModelAddress }>,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { name } = request.params;
  const version = readVersion(request.params.version);
  const models = await inference.answering(name, version);
  const asked = readRequest(bodyOf(request), headerLengthOf(request), limits);
  const wanted = wantedOutputs(models[0], asked);
  const batch = readBatch(models, asked, limits);
  const parts = await inference.infer({
    name,
    version,
    requestId: request.id,
    // One for all rows: they stay together, so that the version which is answered is that of each of them.
    keys: asked.key === undefined ? undefined : [asked.key],
    batch,
    receivedMs: request.receivedMs,
    // An abort controller costs more than one row does.
    signal: asked.rows > 100 ? request.signal : undefined,
  });
  const [{ model, answers }] = parts;
  if (parts.length > 1)
    throw new Error(`${name}@${model.version} was not alone in answering a request of one key`);
  const { body, headerLength } = writeAnswer(model, answers, asked, wanted, request.id);
  if (headerLength === undefined) return reply.type('application/json').send(body);
  return reply.type('application/octet-stream').header(HEADER, headerLength).send(body);
}

/** Bodies as they are: of JSON, of bytes, and of no media type, which is what tritonclient sends. */
function readBodies(app: FastifyInstance, { maxBodyBytes }: GatewayLimits): void {
  const options = { parseAs: 'buffer', bodyLimit: maxBodyBytes } as const;
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(READ_TYPES, options, (request, body, done) => {
    request.receivedMs = performance.now();
    done(null, body);
  });
  app.addContentTypeParser('*', options, (request, body, done) => {
    request.receivedMs = performance.now();
    const type = request.headers['content-type'];
    if (type === undefined) return done(null, body);
    done(
      new PerennialError('UNSUPPORTED_MEDIA', `Bodies of the type ${type.slice(0, 100)} are not read here.`, {
        field: 'content-type',
        value: type,
        expected: READ_TYPES.join(' or '),
      }),
    );
  });
}

const READ_TYPES = ['application/json', 'application/octet-stream'];

function bodyOf({ body }: FastifyRequest): Buffer {
  return Buffer.isBuffer(body) ? body : Buffer.alloc(0);
}

function headerLengthOf({ headers }: FastifyRequest): string | undefined {
  const value = headers['inference-header-content-length'];
  return Array.isArray(value) ? value.join() : value;
}
