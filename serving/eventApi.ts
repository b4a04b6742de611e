import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { PerennialError } from '../config/errors.ts';
import { explainIssue } from '../config/explain.ts';
import { storable } from '../store/rows.ts';
import type { Store } from '../store/types.ts';
import type { ModelAddress } from './modelAddress.ts';

/** Of the table, in bytes. */
const MAX_ID_BYTES = 200;

const eventSchema = z.strictObject({
  /** The sender's own, by which an event that is sent again is the same one. */
  id: z
    .string()
    .min(1)
    .refine((id) => Buffer.byteLength(id) <= MAX_ID_BYTES, `at most ${MAX_ID_BYTES} bytes`)
    // Kept otherwise than they were sent, two ids would be one, and the second event none.
    .refine((id) => storable(id) === id, 'Unicode text without U+0000'),
  reason: z.string().trim().min(1).max(1_000),
});

/**
 * `POST /models/:name/events`: something happened outside that may be worth a retraining; `retrain` in the definition
 * decides. The event is kept before it is answered, and told to the lifecycle by an orchestrator.
 */
export function addEventApi(server: FastifyInstance, lifecycles: Store['lifecycles']): void {
  server.post<{ Params: ModelAddress }>(
    '/models/:name/events',
    { config: { role: 'operate' } },
    async (request, reply) => {
      const { name } = request.params;
      const { id, reason } = readEvent(request.body);
      if (!(await lifecycles.get(name))) {
        throw new PerennialError('NOT_FOUND', `There is no lifecycle ${name}.`, {
          field: 'name',
          value: name,
          expected: 'a model whose definition is deployed: `npx perennial deploy`',
        });
      }
      const { existing } = await lifecycles.putEvent({ name, id, reason, actor: request.caller.actor });
      reply.status(202);
      return { name, id, existing };
    },
  );
}

function readEvent(body: unknown): z.output<typeof eventSchema> {
  const parsed = eventSchema.safeParse(body);
  if (parsed.success) return parsed.data;
  const { message, field, value, expected } = explainIssue(parsed.error, body);
  throw new PerennialError('INVALID_INPUT', message.replace(/^definition /, 'body '), {
    field: field === 'definition' ? 'body' : field,
    value,
    expected,
  });
}
