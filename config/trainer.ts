import { z } from 'zod';

/** Where a trainer of one's own takes its work: a Temporal worker in any language. See docs/trainers.md. */
export const trainerSchema = z.strictObject({
  taskQueue: z
    .string()
    .regex(
      /^(?!perennial-)[A-Za-z][A-Za-z0-9._-]{0,99}$/,
      'must be letters, digits, dots, hyphens and _, starting with a letter, at most 100, and not with `perennial-`',
    ),
  /** A candidate that no worker has begun after so long is refused, and the search goes on. */
  startWithinMs: z.int().min(1_000).max(86_400_000).default(60_000),
});
export type Trainer = z.infer<typeof trainerSchema>;

/** A learner of a trainer of one's own, as candidates, leaderboards and versions call it: no learner of the shelf has a `/`. */
export function externalName({ taskQueue }: Pick<Trainer, 'taskQueue'>, learner: string): string {
  return `${taskQueue}/${learner}`;
}

/** Of a learner that a trainer of one's own offers. */
export const EXTERNAL_LEARNER = /^[A-Za-z][A-Za-z0-9._-]{0,62}$/;
