import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { explainIssue } from '../config/explain.ts';
import { PerennialError } from '../config/errors.ts';
import { DIGITS_LOST } from '../config/raw.ts';
import type { LabelInput, LabelResult } from '../store/predictionTypes.ts';
import type { Store } from '../store/types.ts';
import { labelsSchema } from './labelSchemas.ts';
import type { GatewayLimits } from './types.ts';

export interface LabelOptions {
  store: Pick<Store, 'labels'>;
  limits: Pick<GatewayLimits, 'maxTextBytes'>;
}

/**
 * `POST /labels`: what was true, of up to 10,000 predictions at once, all or none. Sent again it changes nothing; another
 * value corrects the first, which is kept.
 */
export async function labelRoutes(app: FastifyInstance, { store, limits }: LabelOptions): Promise<void> {
  const readBody = bodyReader(limits.maxTextBytes);
  // The schema is for the documentation: Fastify's validator would turn the label "1" into the number 1.
  const described = { schema: labelsSchema, validatorCompiler: () => () => true };
  app.post('/labels', { config: { role: 'label' }, ...described }, async (request): Promise<LabelResult> => {
    const { name, labels } = readBody(request.body);
    return store.labels.put(name, labels);
  });
}

export const MAX_LABELS = 10_000;

type Body = { name: string; labels: LabelInput[] };

/** @throws PerennialError INVALID_INPUT, TOO_LARGE naming the field */
function bodyReader(maxTextBytes: number): (body: unknown) => Body {
  const text = z
    .string()
    .min(1)
    .refine((value) => Buffer.byteLength(value) <= maxTextBytes, `at most ${maxTextBytes} bytes`);
  const label = {
    requestId: text.optional(),
    row: z.int().min(0).max(MAX_ROW).optional(),
    // As in a prediction, where a number may be a key too.
    key: z
      .union([text, z.int().transform(String)], `a text or a whole number (${DIGITS_LOST}: write it as text)`)
      .optional(),
    value: z.union([text, z.number(), z.boolean()], 'a text, a number, true or false'),
    observedAt: z.iso
      .datetime({ offset: true, error: 'a time such as 2026-08-01T12:00:00Z' })
      .refine((time) => Date.parse(time) >= 0, 'a time of 1970 or later')
      .optional(),
  };
  const one = z.strictObject({ name: text, ...label });
  const several = z.strictObject({ name: text, labels: z.array(z.strictObject(label)).min(1) });

  return (body) => {
    const bulk = typeof body === 'object' && body !== null && 'labels' in body;
    if (bulk) refuseTooMany(body.labels);
    const parsed = (bulk ? several : one).safeParse(body);
    if (!parsed.success) throw inBody(explainIssue(parsed.error, body));
    if ('labels' in parsed.data) {
      parsed.data.labels.forEach((given, index) => refuseSubject(given, `labels[${index}].`));
      return parsed.data;
    }
    const { name, ...given } = parsed.data;
    refuseSubject(given, '');
    return { name, labels: [given] };
  };
}

/** Of Postgres's integer. */
const MAX_ROW = 2 ** 31 - 1;

function refuseTooMany(labels: unknown): void {
  if (!Array.isArray(labels) || labels.length <= MAX_LABELS) return;
  throw new PerennialError(
    'TOO_LARGE',
    `There are ${labels.length} labels; at most ${MAX_LABELS} are taken.`,
    {
      field: 'labels',
      value: `${labels.length} labels`,
      expected: `at most ${MAX_LABELS} labels a request`,
    },
  );
}

function refuseSubject({ requestId, key, row }: LabelInput, path: string): void {
  if ((requestId === undefined) === (key === undefined)) {
    throw new PerennialError('INVALID_INPUT', 'A label is of a request or of a key: one of the two.', {
      field: `${path}${key === undefined ? 'requestId' : 'key'}`,
      value: requestId ?? null,
      expected: 'either requestId or key',
    });
  }
  if (key === undefined || row === undefined) return;
  throw new PerennialError(
    'INVALID_INPUT',
    'A row is one of a request; the label of a key is of all its rows.',
    {
      field: `${path}row`,
      value: row,
      expected: 'requestId and row, or key alone',
    },
  );
}

/** The explanation speaks of definitions. */
function inBody({ message, field, value, expected }: PerennialError): PerennialError {
  return new PerennialError('INVALID_INPUT', message.replace(/^definition /, 'body '), {
    field: field === 'definition' ? 'body' : field,
    value,
    expected,
  });
}
