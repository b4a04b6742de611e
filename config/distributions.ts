import { z } from 'zod';
import { Random } from '../learning/rng.ts';

const bounds = { from: z.number(), to: z.number() };

/** From what a hyperparameter is drawn. A list in its place is drawn from as well, every value equally likely. */
export const distributionSchema = z
  .discriminatedUnion('distribution', [
    /** Every number between the two equally likely. */
    z.strictObject({ distribution: z.literal('uniform'), ...bounds }),
    /** The logarithm is uniform: as many draws from 0.01 to 0.1 as from 0.1 to 1. */
    z.strictObject({ distribution: z.literal('logUniform'), ...bounds }),
    /** Whole numbers, both ends included; `log`: small ones more often, as with `logUniform`. */
    z.strictObject({
      distribution: z.literal('integers'),
      from: z.int(),
      to: z.int(),
      log: z.literal(true).optional(),
    }),
  ])
  .superRefine((drawn, context) => {
    const logarithmic =
      drawn.distribution === 'logUniform' || (drawn.distribution === 'integers' && drawn.log);
    if (logarithmic && drawn.from <= 0)
      context.addIssue({
        code: 'custom',
        path: ['from'],
        message: 'must be above 0, as its logarithm is drawn',
      });
    if (drawn.from >= drawn.to)
      context.addIssue({
        code: 'custom',
        path: ['to'],
        message: `must be above \`from\`, which is ${drawn.from}`,
      });
  });
export type Distribution = z.infer<typeof distributionSchema>;

/** One draw; the seed alone decides which. */
export function draw<V>(from: Distribution | readonly V[], seed: number): number | V {
  const random = new Random(seed);
  if (isList(from)) return from[random.below(from.length)];
  switch (from.distribution) {
    case 'uniform':
      return rounded(between(from, random.unit()), from);
    case 'logUniform':
      return rounded(logBetween(from, random.unit()), from);
    case 'integers':
      // Widened by a half to either side, so that both ends are as likely as their neighbours.
      return from.log
        ? clamp(Math.round(logBetween({ from: from.from - 0.5, to: from.to + 0.5 }, random.unit())), from)
        : clamp(from.from + Math.floor(random.unit() * (from.to - from.from + 1)), from);
  }
}

type Range = Pick<Distribution, 'from' | 'to'>;

const between = ({ from, to }: Range, unit: number): number => from + unit * (to - from);
const logBetween = ({ from, to }: Range, unit: number): number =>
  Math.exp(between({ from: Math.log(from), to: Math.log(to) }, unit));
const clamp = (value: number, { from, to }: Range): number => Math.min(to, Math.max(from, value));

/**
 * Five digits that count: people copy what won, and the last bits of a logarithm differ between processors, on which
 * the candidates of a search must not depend.
 */
const rounded = (value: number, range: Range): number => clamp(Number(value.toPrecision(5)), range);

function isList<V>(from: Distribution | readonly V[]): from is readonly V[] {
  return Array.isArray(from);
}
