import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { explainIssue } from '../config/explain.ts';
import { PerennialError } from '../config/errors.ts';
import type { Store } from '../store/types.ts';
import { predictionsSchema } from './labelSchemas.ts';
import type { ModelAddress } from './modelAddress.ts';

/** `GET /models/:name/predictions`: what was answered, by request, by key, or in a span of time. */
export async function predictionRoutes(
  app: FastifyInstance,
  { store }: { store: Pick<Store, 'predictions' | 'routes'> },
): Promise<void> {
  const described = { schema: predictionsSchema, validatorCompiler: () => () => true };
  app.get<{ Params: ModelAddress }>(
    '/models/:name/predictions',
    { config: { role: 'operate' }, ...described },
    async ({ params: { name }, query }) => {
      const parsed = filterSchema.safeParse(query);
      if (!parsed.success) {
        const { message, field, value, expected } = explainIssue(parsed.error, query);
        throw new PerennialError('INVALID_INPUT', message, { field, value, expected });
      }
      if ((await store.routes.get(name)) === undefined) {
        throw new PerennialError('NOT_FOUND', `There is no model ${name}.`, {
          field: 'name',
          value: name,
          expected: 'a model with a registered version',
        });
      }
      return { name, predictions: await store.predictions.list({ name, ...parsed.data }) };
    },
  );
}

const time = z.iso
  .datetime({ offset: true, error: 'a time such as 2026-08-01T12:00:00Z' })
  .refine((value) => Date.parse(value) >= 0, 'a time of 1970 or later');

const filterSchema = z.strictObject({
  requestId: z.string().min(1).optional(),
  key: z.string().min(1).optional(),
  from: time.optional(),
  to: time.optional(),
  limit: z
    .string()
    .regex(/^\d{1,4}$/, '1 to 1000')
    .transform(Number)
    .refine((limit) => limit >= 1 && limit <= 1_000, '1 to 1000')
    .optional(),
});
