import { z } from 'zod';
import type { CandidateSpec } from './search.ts';
import { PerennialError } from './errors.ts';

const common = {
  /** What of a rung goes on to the next one, and by how much that one's share is larger. */
  reduction: z.int().min(2).max(10).default(3),
  /** Trials that may be under way ahead of the results read; part of what decides, unlike `parallelism`. */
  window: z.int().min(1).max(64).default(8),
};

/** Successive halving: candidates begin on a small share of a resource, and the best of them get more of it. */
export const halvingSchema = z.discriminatedUnion('resource', [
  /** Training rows of each fold. */
  z.strictObject({
    resource: z.literal('rows'),
    /** Least rows of the sample that a candidate is scored with. */
    minimum: z.int().min(50).default(500),
    ...common,
  }),
  /** Rounds of boosting, trees of forests. */
  z.strictObject({ resource: z.literal('rounds'), minimum: z.int().min(1).default(10), ...common }),
]);
export type Halving = z.infer<typeof halvingSchema>;

/** Their trials and scores are carried by one workflow, in 32 KiB. */
const MAX_CANDIDATES = 400;

/** @throws PerennialError INVALID_DEFINITION where the candidates cannot be halved so */
export function refuseUnfitHalving(halving: Halving, candidates: readonly CandidateSpec[]): void {
  if (candidates.length > MAX_CANDIDATES)
    throw invalid('search', `${candidates.length} candidates`, `at most ${MAX_CANDIDATES} with \`halving\``);
  if (halving.resource === 'rows') return;
  const without = candidates.find((candidate) => roundsOf(candidate) === undefined);
  if (without)
    throw invalid(
      'halving.resource',
      'rounds',
      `\`rows\`, as ${without.learner} has neither rounds nor trees`,
    );
}

/** How many rounds or trees a candidate has; undefined where its learner knows neither. */
export function roundsOf({ params }: Pick<CandidateSpec, 'params'>): number | undefined {
  const name = roundsName(params);
  return name && Number(params[name]);
}

/** The same candidate with a share of its rounds or trees, at least one. */
export function withRounds(spec: CandidateSpec, share: number): CandidateSpec {
  const name = roundsName(spec.params);
  if (!name) return spec;
  const rounds = Math.max(1, Math.round(Number(spec.params[name]) * share));
  return { ...spec, params: { ...spec.params, [name]: rounds } };
}

function roundsName(params: CandidateSpec['params']): 'rounds' | 'trees' | undefined {
  return 'rounds' in params ? 'rounds' : 'trees' in params ? 'trees' : undefined;
}

function invalid(field: string, value: string, expected: string): PerennialError {
  return new PerennialError('INVALID_DEFINITION', `${field} is ${value}; expected ${expected}.`, {
    field,
    value,
    expected,
  });
}
