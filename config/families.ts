import { shelf } from '../learning/learners/shelf.ts';
import type { Budget } from './budget.ts';
import type { CandidateSpec } from './search.ts';

/** More would not fit into what a workflow is told of them. */
const MAX_MEMBERS = 32;
const MAX_IN_FAMILIES = 2_000;

/**
 * Candidates that differ only in how many trees or rounds they have, by the index of the first of them: one seed, so that
 * the larger model begins with the smaller one.
 */
export function firstOfFamily(candidates: readonly CandidateSpec[], index: number): number {
  const family = familyKey(candidates[index]);
  if (family === undefined) return index;
  return candidates.findIndex((candidate) => familyKey(candidate) === family);
}

/**
 * Families of two and more, ascending: one fit of the largest member scores all of them. None where a budget bounds a
 * candidate or the search, whose clock must not run for another's sake.
 *
 * @returns indices, at most 32 a family and 2,000 in all; who stands in none is trained alone
 */
export function familiesOf(candidates: readonly CandidateSpec[], budget?: Budget): number[][] {
  if (budget) return [];
  const families = new Map<string, number[]>();
  for (const candidate of candidates) {
    const key = familyKey(candidate);
    if (key === undefined) continue;
    const members = families.get(key);
    if (members) members.push(candidate.index);
    else families.set(key, [candidate.index]);
  }
  let left = MAX_IN_FAMILIES;
  return [...families.values()]
    .flatMap((members) =>
      Array.from({ length: Math.ceil(members.length / MAX_MEMBERS) }, (_, i) =>
        members.slice(i * MAX_MEMBERS, (i + 1) * MAX_MEMBERS),
      ),
    )
    .filter((members) => members.length > 1 && (left -= members.length) >= 0)
    .sort(([a], [b]) => a - b);
}

/** The hyperparameter that counts units of which fewer are the first ones; undefined where there is none. */
export function sizeName(learner: string): string | undefined {
  return shelf.get(learner)?.prefixes?.of;
}

function familyKey({ learner, params }: CandidateSpec): string | undefined {
  const size = sizeName(learner);
  if (size === undefined) return undefined;
  const others = Object.keys(params)
    .filter((name) => name !== size)
    .sort();
  return JSON.stringify([learner, ...others.map((name) => [name, params[name]])]);
}
