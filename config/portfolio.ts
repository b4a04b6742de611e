import type { Task } from '../learning/types.ts';
import type { Definition, SearchEntry } from './definition.ts';
import { canHave } from './learnerNeeds.ts';
import { expandSearch, type CandidateSpec } from './search.ts';

/** What the choice of algorithms looks at. */
export interface DataShape {
  task: Task;
  /** Of the search's sample. */
  rows: number;
  /** Features, as encoders make them. */
  columns: number;
}

/** Every candidate of a definition: those that it declares, or the portfolio for its data. */
export function candidatesOf(
  definition: Pick<Definition, 'search' | 'seed' | 'weight' | 'features'>,
  data: DataShape,
): CandidateSpec[] {
  const { search, seed } = definition;
  if (search !== 'auto') return expandSearch(search, seed);
  return portfolio(data, seed)
    .filter(({ learner }) => canHave(learner, definition))
    .map((candidate, index) => ({ ...candidate, index }));
}

/** Of an automatic search that declares no `budget.searchMs`. */
const AUTO_SEARCH_MS = 5 * 60_000;

/** When a search begins no more candidates, ms after its beginning; undefined: never. */
export function searchMsOf({ search, budget }: Pick<Definition, 'search' | 'budget'>): number | undefined {
  return budget?.searchMs ?? (search === 'auto' ? AUTO_SEARCH_MS : undefined);
}

/** Neighbours compare all rows; beyond this they cost more than they win. */
const NEIGHBORS_MAX_ROWS = 10_000;
const NEIGHBORS_MAX_NUMBERS = 1_000_000;
/** From here on a forest of the random part has 100 trees and not 200. */
const LARGE_ROWS = 50_000;

/**
 * The automatic search. First one candidate of every algorithm with proven hyperparameters, the cheapest first: a linear
 * model, boosting, forests, neighbours where the data is small; then random draws, mostly of boosting, which wins on
 * most tables that are not small (Grinsztajn, Oyallon, Varoquaux, "Why do tree-based models still outperform deep
 * learning on typical tabular data?", NeurIPS 2022). A search ends when its time is over, or with the last draw.
 */
function portfolio({ task, rows, columns }: DataShape, seed: number): CandidateSpec[] {
  const one = (learner: string, params: Record<string, number | string> = {}): SearchEntry => ({
    learner,
    grid: Object.fromEntries(Object.entries(params).map(([name, value]) => [name, [value]])),
  });
  const minLeaf = rows < 2_000 ? 5 : 20;
  const near = rows <= NEIGHBORS_MAX_ROWS && rows * columns <= NEIGHBORS_MAX_NUMBERS;
  const linear =
    task === 'regression'
      ? [one('ridge', { l2: 1 })]
      : [one('logistic', { l2: 1 }), one('logistic', { l2: 0.01 }), one('logistic', { l2: 100 })];
  const head = [
    linear[0],
    one('boosting', { minLeaf }),
    one('forest', { trees: 100 }),
    one('extraTrees', { trees: 100 }),
    ...(near ? [one('neighbors', { k: 5, weights: 'distance' })] : []),
    ...linear.slice(1),
  ];
  const trees = [rows > LARGE_ROWS ? 100 : 200];
  const leaf = { distribution: 'integers', from: 1, to: 20, log: true } as const;
  const features = { distribution: 'uniform', from: 0.1, to: 0.9 } as const;
  const tail: SearchEntry[] = [
    { learner: 'boosting', grid: BOOSTING_SPACE, candidates: 40 },
    { learner: 'forest', grid: { trees, minLeaf: leaf, maxFeatures: features }, candidates: 10 },
    { learner: 'extraTrees', grid: { trees, minLeaf: leaf, maxFeatures: features }, candidates: 10 },
  ];
  const draws = expandSearch(tail, seed);
  const [boosted, forests] = [draws.slice(0, 40), interleave(draws.slice(40, 50), draws.slice(50))];
  const mixed = boosted.flatMap((candidate, i) =>
    i % 2 === 1 ? [candidate, forests[(i - 1) / 2]] : [candidate],
  );
  return [...expandSearch(head, seed), ...mixed];
}

const BOOSTING_SPACE: SearchEntry['grid'] = {
  rounds: { distribution: 'integers', from: 50, to: 500, log: true },
  learningRate: { distribution: 'logUniform', from: 0.02, to: 0.3 },
  leaves: { distribution: 'integers', from: 7, to: 127, log: true },
  minLeaf: { distribution: 'integers', from: 2, to: 100, log: true },
  l2: { distribution: 'logUniform', from: 0.001, to: 10 },
  rowShare: { distribution: 'uniform', from: 0.6, to: 1 },
  columnShare: { distribution: 'uniform', from: 0.4, to: 1 },
};

function interleave<T>(a: readonly T[], b: readonly T[]): T[] {
  return a.flatMap((item, i) => [item, b[i]]);
}
