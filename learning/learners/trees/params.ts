import { z } from 'zod';

/** Hyperparameters that several tree learners share. */

export const maxDepth = z
  .union([z.int().min(1).max(64), z.null()], 'must be an integer from 1 to 64, or null for no limit')
  .default(null);

export const minLeaf = z.int().min(1).max(1_000_000).default(1);

export const maxFeatures = z.union(
  [z.enum(['auto', 'sqrt', 'log2', 'all']), z.number().gt(0).lte(1)],
  "must be 'auto', 'sqrt', 'log2', 'all', or a share of the features above 0 and at most 1",
);

export const trees = z.int().min(1).max(1000);
