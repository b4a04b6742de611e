import { shelf } from '../learning/learners/shelf.ts';
import type { ParamValue, SearchEntry } from './definition.ts';
import { explainIssue } from './explain.ts';
import { PerennialError } from './errors.ts';

/** One point of the search space. `params` holds every hyperparameter, defaults made explicit. */
export interface CandidateSpec {
  index: number;
  learner: string;
  params: Record<string, ParamValue>;
}

const MAX_CANDIDATES = 10_000;

/**
 * The grid as a list: entries in order, hyperparameters by name, the last one varying fastest. By name, because the
 * hash of a definition does not see the order in which they were written, and one hash must mean one numbering.
 *
 * @throws PerennialError INVALID_DEFINITION for an unknown learner, an unknown hyperparameter or a value out of range.
 */
export function expandSearch(search: readonly SearchEntry[]): CandidateSpec[] {
  const candidates: CandidateSpec[] = [];
  search.forEach((entry, i) => {
    const learner = shelf.get(entry.learner);
    if (!learner) {
      throw new PerennialError(
        'INVALID_DEFINITION',
        `search[${i}].learner is "${entry.learner}"; expected one of ${[...shelf.keys()].join(', ')}.`,
        {
          field: `search[${i}].learner`,
          value: entry.learner,
          expected: `one of ${[...shelf.keys()].join(', ')}`,
        },
      );
    }
    const size = Object.values(entry.grid).reduce((product, values) => product * values.length, 1);
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
    for (const point of product(entry.grid)) {
      const parsed = learner.params.safeParse(point);
      if (!parsed.success) {
        const issues = parsed.error.issues.map((issue) => ({
          ...issue,
          path: ['search', i, 'grid', ...issue.path],
        }));
        throw explainIssue({ issues }, { search: Object.assign([], { [i]: { grid: point } }) });
      }
      candidates.push({
        index: candidates.length,
        learner: entry.learner,
        params: parsed.data as CandidateSpec['params'],
      });
    }
  });
  return candidates;
}

function* product(grid: SearchEntry['grid']): Generator<CandidateSpec['params']> {
  const names = Object.keys(grid).sort();
  const total = names.reduce((n, name) => n * (grid[name]?.length ?? 0), 1);
  for (let n = 0; n < total; n++) {
    const point: CandidateSpec['params'] = {};
    let rest = n;
    for (let k = names.length - 1; k >= 0; k--) {
      const name = names[k];
      const values = grid[name];
      point[name] = values[rest % values.length] ?? null;
      rest = Math.floor(rest / values.length);
    }
    yield Object.fromEntries(names.map((name) => [name, point[name] ?? null]));
  }
}
