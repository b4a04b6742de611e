import type { FastifyInstance, FastifyRequest } from 'fastify';
import { v7 } from 'uuid';
import { z } from 'zod';
import { PerennialError } from '../config/errors.ts';
import { explainIssue } from '../config/explain.ts';
import type { RouteRow } from '../store/routeTypes.ts';
import type { Store } from '../store/types.ts';
import type { ModelAddress } from './modelAddress.ts';

const changeSchema = z.strictObject({
  /** The version that is to serve. */
  champion: z.int().min(1),
  /** Of the route as the caller has seen it. */
  revision: z.int().min(1),
  reason: z.string().trim().min(1).max(1_000),
});

const MAX_HISTORY = 1_000;

/**
 * `GET` and `PUT /models/:name/route`, and its history. A change names the revision that its author has seen; a
 * challenger comes with a rollout alone, which holds the route until it ends.
 */
export function addRouteApi(server: FastifyInstance, routes: Store['routes']): void {
  async function get(name: string): Promise<RouteRow> {
    const route = await routes.get(name);
    if (route) return route;
    throw new PerennialError('NOT_FOUND', `There is no model ${name}.`, {
      field: 'name',
      value: name,
      expected: 'a model with a registered version',
    });
  }

  server.get<{ Params: ModelAddress }>(
    '/models/:name/route',
    { config: { role: 'predict' } },
    async ({ params }) => toJson(await get(params.name)),
  );

  server.get<{ Params: ModelAddress; Querystring: { limit?: string } }>(
    '/models/:name/route/history',
    { config: { role: 'operate' } },
    async ({ params, query }) => {
      await get(params.name);
      const history = await routes.history(params.name, readLimit(query.limit));
      return {
        name: params.name,
        history: history.map((row) => ({ ...toJson(row), at: row.at, actor: row.actor, reason: row.reason })),
      };
    },
  );

  server.put<{ Params: ModelAddress }>(
    '/models/:name/route',
    { config: { role: 'operate' } },
    async (request) => {
      const { champion, revision, reason } = readChange(request.body);
      const { name } = request.params;
      const seen = await get(name);
      const changed = await routes
        .change({
          name,
          championVersion: champion,
          weight: 0,
          // The way back is one change too, and finds its version loaded.
          standbyVersion: champion === seen.championVersion ? seen.standbyVersion : seen.championVersion,
          logInputs: seen.logInputs,
          expectedRevision: revision,
          actor: request.caller.actor,
          reason,
          idempotencyKey: idempotencyKeyOf(request),
        })
        .catch((error: unknown) => {
          throw inTheCallersWords(error);
        });
      if (changed.championVersion !== champion) throw keyUsed(request, changed.championVersion);
      return toJson(changed);
    },
  );
}

function toJson(route: RouteRow) {
  const { name, championVersion, challengerVersion, weight, rolloutId, stage, standbyVersion, revision } =
    route;
  return {
    name,
    champion: championVersion,
    challenger: challengerVersion,
    weight,
    rollout: rolloutId,
    stage,
    standby: standbyVersion,
    revision,
  };
}

function readChange(body: unknown): z.output<typeof changeSchema> {
  const parsed = changeSchema.safeParse(body);
  if (parsed.success) return parsed.data;
  const { message, field, value, expected } = explainIssue(parsed.error, body);
  const challenger = field === 'challenger' || field === 'weight';
  throw new PerennialError(
    'INVALID_INPUT',
    challenger
      ? 'A challenger comes with a rollout, which splits the traffic and judges it: `perennial rollout start`.'
      : message.replace(/^definition /, 'body '),
    { field: field === 'definition' ? 'body' : field, value, expected },
  );
}

function readLimit(limit: string | undefined): number {
  if (limit === undefined) return 100;
  const number = /^\d{1,9}$/.test(limit) ? Number(limit) : 0;
  if (number >= 1 && number <= MAX_HISTORY) return number;
  const expected = `1 to ${MAX_HISTORY}`;
  throw new PerennialError('INVALID_INPUT', `limit is ${JSON.stringify(limit)}; expected ${expected}.`, {
    field: 'limit',
    value: limit,
    expected,
  });
}

/** `Idempotency-Key`, by which a repeated request is the same one. Without it each is another: ids of requests repeat. */
function idempotencyKeyOf({ headers }: FastifyRequest): string {
  const given = headers['idempotency-key'];
  if (given === undefined) return `request/${v7()}`;
  if (typeof given === 'string' && /^[\x21-\x7e]{1,128}$/.test(given)) return `http/${given}`;
  throw new PerennialError('INVALID_INPUT', 'The Idempotency-Key is not one.', {
    field: 'idempotency-key',
    value: given,
    expected: '1 to 128 visible ASCII characters',
  });
}

function keyUsed({ headers }: FastifyRequest, champion: number): PerennialError {
  return new PerennialError(
    'ROUTE_CONFLICT',
    `This Idempotency-Key has made version ${champion} the champion; it stands for no other change.`,
    {
      field: 'idempotency-key',
      value: headers['idempotency-key'],
      expected: 'a key of its own for each change',
    },
  );
}

/** The store speaks of its own arguments. */
function inTheCallersWords(error: unknown): unknown {
  if (!(error instanceof PerennialError)) return error;
  const names: Partial<Record<string, string>> = {
    expectedRevision: 'revision',
    version: 'champion',
    holder: 'rollout',
  };
  const { code, message, field = '', value, expected } = error;
  const own = names[field];
  return own === undefined ? error : new PerennialError(code, message, { field: own, value, expected });
}
