import { shelf } from '../learning/learners/shelf.ts';
import { deriveSeed } from '../learning/rng.ts';
import type { Learner } from '../learning/types.ts';
import type { ParamValue, SearchEntry } from './definition.ts';
import { draw, type Distribution } from './distributions.ts';
import { explainIssue } from './explain.ts';
import { PerennialError } from './errors.ts';
import { invalid } from './invalid.ts';
import { EXTERNAL_LEARNER, externalName, type Trainer } from './trainer.ts';

/** One point of the search space. `params` holds every hyperparameter, defaults made explicit. */
export interface CandidateSpec {
  index: number;
  learner: string;
  params: Params;
  /** Of a learner of one's own: who trains it, and its name there. */
  trainer?: Trainer & { learner: string };
}

type Params = Record<string, ParamValue>;

const MAX_CANDIDATES = 10_000;
/** After so many draws in a row that were there already, the space is taken to have no more. */
const MAX_REPEATED_DRAWS = 1_000;

/**
 * The search as a list: entries in order. Of a grid hyperparameters by name, the last one varying fastest; by name,
 * because the hash of a definition does not see the order in which they were written, and one hash must mean one
 * numbering. Of a random search `candidates` points that differ, each hyperparameter drawn by itself: more candidates
 * begin with those of fewer, and another hyperparameter leaves the draws of the others as they are.
 *
 * @param seed of the definition; it decides what is drawn
 * @throws PerennialError INVALID_DEFINITION for an unknown learner, an unknown hyperparameter or a value out of range.
 */
export function expandSearch(search: readonly SearchEntry[], seed: number): CandidateSpec[] {
  const candidates: CandidateSpec[] = [];
  search.forEach((entry, i) => {
    const learner = learnerOf(entry, i);
    refuseUnfitDistributions(learner, entry, i);
    const size = entry.candidates ?? gridSize(entry);
    if (candidates.length + size > MAX_CANDIDATES) {
      throw new PerennialError(
        'INVALID_DEFINITION',
        `search[${i}].grid brings the search to over ${MAX_CANDIDATES} candidates.`,
        {
          field: `search[${i}].grid`,
          value: `${candidates.length + size} candidates`,
          expected: `at most ${MAX_CANDIDATES} candidates in all`,
        },
      );
    }
    for (const point of entry.candidates === undefined ? product(entry) : drawn(entry, i, seed)) {
      const params = parsed(learner, point, ['search', i, 'grid'], {
        search: Object.assign([], { [i]: { grid: point } }),
      });
      candidates.push({ index: candidates.length, ...namesOf(entry), params });
    }
  });
  return candidates;
}

/** Undefined for one that a trainer of one's own has: what its hyperparameters may be is known there alone. */
function learnerOf({ learner: name, trainer }: SearchEntry, i: number): Learner | undefined {
  const field = `search[${i}].learner`;
  if (trainer) {
    if (EXTERNAL_LEARNER.test(name)) return undefined;
    throw invalid(field, name, 'a name of letters, digits, dots, hyphens and _, starting with a letter');
  }
  const learner = shelf.get(name);
  if (learner) return learner;
  throw invalid(
    field,
    name,
    `one of ${[...shelf.keys()].join(', ')}; or \`trainer\`, which says who else has it`,
  );
}

function namesOf({ learner, trainer }: SearchEntry): Pick<CandidateSpec, 'learner' | 'trainer'> {
  if (!trainer) return { learner };
  return { learner: externalName(trainer, learner), trainer: { ...trainer, learner } };
}

function parsed(learner: Learner | undefined, point: object, at: PropertyKey[], input: object): Params {
  const result = learner?.params.safeParse(point) ?? { success: true, data: point };
  if (result.success) return result.data as Params;
  const issues = result.error.issues.map((issue) => ({ ...issue, path: [...at, ...issue.path] }));
  throw explainIssue({ issues }, input);
}

const gridSize = ({ grid }: SearchEntry): number =>
  Object.values(grid).reduce((product, values) => product * (Array.isArray(values) ? values.length : 1), 1);

function* product({ grid }: SearchEntry): Generator<Params> {
  const names = Object.keys(grid).sort();
  const valuesOf = (name: string) => grid[name] as (number | string | boolean | null)[];
  const total = names.reduce((n, name) => n * valuesOf(name).length, 1);
  for (let n = 0; n < total; n++) {
    const point: Params = {};
    let rest = n;
    for (let k = names.length - 1; k >= 0; k--) {
      const values = valuesOf(names[k]);
      point[names[k]] = values[rest % values.length] ?? null;
      rest = Math.floor(rest / values.length);
    }
    yield Object.fromEntries(names.map((name) => [name, point[name] ?? null]));
  }
}

function* drawn({ grid, candidates = 0 }: SearchEntry, i: number, seed: number): Generator<Params> {
  const names = Object.keys(grid).sort();
  const seen = new Set<string>();
  for (let n = 0, repeated = 0; seen.size < candidates; n++) {
    const point = Object.fromEntries(
      names.map((name) => [name, draw(grid[name], deriveSeed(seed, 'draw', i, name, n))]),
    );
    const text = JSON.stringify(point);
    if (seen.has(text)) {
      if (++repeated < MAX_REPEATED_DRAWS) continue;
      const expected = 'fewer candidates, wider ranges, or a grid of lists without `candidates`';
      throw new PerennialError(
        'INVALID_DEFINITION',
        `search[${i}].candidates is ${candidates}, and no more than ${seen.size} different points were drawn; expected ${expected}.`,
        { field: `search[${i}].candidates`, value: candidates, expected },
      );
    }
    repeated = 0;
    seen.add(text);
    yield point;
  }
}

/** Where both ends of a range are taken, so is everything between: a learner's ranges have no holes. */
function refuseUnfitDistributions(
  learner: Learner | undefined,
  { grid, candidates }: SearchEntry,
  i: number,
): void {
  for (const [name, from] of Object.entries(grid)) {
    if (Array.isArray(from)) continue;
    const field = `search[${i}].grid.${name}`;
    if (candidates === undefined) {
      const expected = 'a list of values, or `candidates` to say how many are drawn';
      throw new PerennialError(
        'INVALID_DEFINITION',
        `${field} is drawn (${from.distribution}), and search[${i}].candidates is missing; expected ${expected}.`,
        { field, value: from, expected },
      );
    }
    if (!learner) continue;
    if (from.distribution !== 'integers' && takesWholeNumbers(learner, name, from)) {
      const expected = `integers(from, to), as ${name} of ${learner.name} is a whole number`;
      throw new PerennialError(
        'INVALID_DEFINITION',
        `${field} is drawn ${from.distribution}; expected ${expected}.`,
        { field, value: from, expected },
      );
    }
    for (const end of ['from', 'to'] as const)
      refuseUnfitEnd(learner, { name, value: from[end], path: ['search', i, 'grid', name, end] });
  }
}

interface End {
  name: string;
  value: number;
  path: PropertyKey[];
}

function refuseUnfitEnd(learner: Learner, { name, value, path }: End): void {
  const result = learner.params.safeParse({ [name]: value });
  if (result.success) return;
  const own = result.error.issues.filter(({ path: [first] }) => first === undefined || first === name);
  if (own.length === 0) return;
  const unknown = own.some(({ code }) => code === 'unrecognized_keys');
  const [root, i, grid] = path;
  const at = unknown ? [root, i, grid] : path;
  const issues = own.map((issue) => ({ ...issue, path: unknown ? at : [...at, ...issue.path.slice(1)] }));
  const input = { search: Object.assign([], { [i]: { grid: { [name]: { [path[4]]: value } } } }) };
  throw explainIssue({ issues }, input);
}

function takesWholeNumbers(learner: Learner, name: string, { from, to }: Distribution): boolean {
  const inside = from + (to - from) / Math.PI;
  const takes = (value: number): boolean => {
    const result = learner.params.safeParse({ [name]: value });
    return result.success || !result.error.issues.some(({ path }) => path[0] === name || path.length === 0);
  };
  return !Number.isInteger(inside) && !takes(inside) && takes(Math.ceil(from));
}
