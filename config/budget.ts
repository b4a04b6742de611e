import { z } from 'zod';
import { MEBIBYTE } from './units.ts';

const DAY_MS = 86_400_000;

/** What a search may take. */
export const budgetSchema = z
  .strictObject({
    /** After that no candidate begins; those under way are ended, once one has a score. */
    searchMs: z
      .int()
      .min(1_000)
      .max(7 * DAY_MS)
      .optional(),
    /** For the folds of one candidate, from when the first of them begins. */
    candidateMs: z.int().min(10).max(DAY_MS).optional(),
    /** Of one candidate: resident memory of the process that it gets for itself. Node alone takes some 130 MiB. */
    candidateBytes: z
      .int()
      .min(256 * MEBIBYTE, 'must be at least 256 MiB (mebibytes(256)), as Node and the data take some of it')
      .optional(),
  })
  .refine(
    (budget) => Object.values(budget).some((bound) => bound !== undefined),
    'must hold searchMs, candidateMs or candidateBytes',
  );
export type Budget = z.infer<typeof budgetSchema>;
