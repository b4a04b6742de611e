import type { Definition, SearchEntry } from '../../config/definition.ts';
import { expandSearch, type CandidateSpec } from '../../config/search.ts';

/** The search of a definition that declares one. */
export function declared({ search }: Pick<Definition, 'search'>): SearchEntry[] {
  if (search === 'auto') throw new TypeError('The search is automatic.');
  return search;
}

export function declaredCandidates(definition: Pick<Definition, 'search' | 'seed'>): CandidateSpec[] {
  return expandSearch(declared(definition), definition.seed);
}
