import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ModelVersionRow, Store } from '../store/types.ts';
import { exampleBody } from './example.ts';
import type { GoldenRows } from './golden.ts';
import { readVersion, type ModelAddress } from './modelAddress.ts';
import type { Inference } from './types.ts';

export interface ModelApiOptions {
  inference: Inference;
  store: Pick<Store, 'registry' | 'routes'>;
  golden: GoldenRows;
}

/** `GET /models`, `GET /models/:name` and `GET /models/:name/versions/:version`: what can be asked, and how. */
export function addModelApi(server: FastifyInstance, { inference, store, golden }: ModelApiOptions): void {
  const options = { config: { role: 'predict' } } as const;

  server.get('/models', options, async () => {
    const routes = await store.routes.list();
    // A route that is newer than what this gateway has read is left out, rather than the list refused.
    const described = await Promise.allSettled(
      routes.map(async ({ name, championVersion, challengerVersion, weight, revision }) => {
        const { task, target } = (await inference.describe(name)).signature;
        const ready = inference.isReady(name);
        return {
          name,
          task,
          target,
          ready,
          champion: championVersion,
          challenger: challengerVersion,
          weight,
          revision,
        };
      }),
    );
    return { models: described.flatMap((model) => (model.status === 'fulfilled' ? [model.value] : [])) };
  });

  server.get<{ Params: ModelAddress }>('/models/:name', options, async (request) => {
    const { name } = request.params;
    const [model, route, versions] = await Promise.all([
      inference.describe(name),
      store.routes.get(name),
      store.registry.list(name),
    ]);
    return {
      name,
      ready: inference.isReady(name),
      champion: route?.championVersion,
      challenger: route?.challengerVersion,
      weight: route?.weight,
      revision: route?.revision,
      ...readingOf(model),
      versions: versions.map(({ version, learner, metrics, createdAt }) => ({
        version,
        ready: inference.isReady(name, version),
        learner,
        metrics,
        createdAt,
      })),
      example: await exampleOf(request, model, golden),
    };
  });

  server.get<{ Params: Required<ModelAddress> }>(
    '/models/:name/versions/:version',
    options,
    async (request) => {
      const { name } = request.params;
      const version = readVersion(request.params.version);
      const model = await inference.describe(name, version);
      const { digest, runNumber, datasetDigest, definitionHash, learner, params, metrics, cv, createdAt } =
        model;
      return {
        name,
        version,
        ready: inference.isReady(name, version),
        ...readingOf(model),
        ...{ learner, params, metrics, cv, createdAt },
        lineage: { digest, run: runNumber, dataset: datasetDigest, definition: definitionHash },
        example: await exampleOf(request, model, golden, version),
      };
    },
  );
}

/** What a version reads and answers. */
function readingOf({ signature }: ModelVersionRow) {
  const { task, target, classes, positive, inputs } = signature;
  return {
    task,
    target,
    classes,
    positive: positive === undefined ? undefined : classes?.[positive],
    inputs: inputs.map(({ name, columnType }) => ({ name, type: columnType })),
  };
}

/** A request to copy and paste. */
async function exampleOf(
  request: FastifyRequest,
  model: ModelVersionRow,
  golden: GoldenRows,
  version?: number,
): Promise<{ body: object; curl: string } | undefined> {
  const body = await exampleBody(model, golden);
  if (body === undefined) return undefined;
  const path = `/models/${encodeURIComponent(model.name)}${version === undefined ? '' : `/versions/${version}`}/predict`;
  const data = JSON.stringify(body).replaceAll("'", String.raw`'\''`);
  const curl = `curl ${request.protocol}://${request.host}${path} -H 'content-type: application/json' -d '${data}'`;
  return { body, curl };
}
