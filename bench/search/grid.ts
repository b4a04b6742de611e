import type { ParamValue } from '../../config/definition.ts';

/** Hyperparameters by name, each with the values to try. */
export type Grid = Record<string, (ParamValue | null)[]>;

export const LEARNERS = ['forest', 'extraTrees', 'boosting', 'logistic'] as const;
export type SearchedLearner = (typeof LEARNERS)[number];

/** Eight combinations each, or three. */
export const DEFAULT_GRIDS: Record<SearchedLearner, Grid> = {
  forest: { trees: [50, 100], maxDepth: [8, null], maxFeatures: ['sqrt', 0.5] },
  extraTrees: { trees: [50, 100], maxDepth: [8, null], maxFeatures: ['sqrt', 0.5] },
  boosting: { rounds: [50, 100], learningRate: [0.05, 0.1], leaves: [15, 31] },
  logistic: { l2: [0.1, 1, 10] },
};

/** @throws Error naming what of the text is no grid */
export function readGrid(text: string): Grid {
  let grid: unknown;
  try {
    grid = JSON.parse(text);
  } catch {
    throw new Error(`--grid is no JSON: ${text}; expected ${EXAMPLE}.`);
  }
  if (typeof grid !== 'object' || grid === null || Array.isArray(grid))
    throw new Error(`--grid is ${text}; expected ${EXAMPLE}.`);
  return Object.fromEntries(Object.entries(grid).map(([name, values]) => [name, readValues(name, values)]));
}

const EXAMPLE = 'hyperparameters with lists of values such as {"trees":[50,100],"maxDepth":[8,null]}';

function readValues(name: string, values: unknown): Grid[string] {
  const listed: unknown[] = Array.isArray(values) ? values : [values];
  return listed.map((value) => {
    if (value === null || ['number', 'string', 'boolean'].includes(typeof value)) return value as ParamValue;
    throw new Error(
      `--grid has ${JSON.stringify(value)} for ${name}; expected numbers, texts, booleans or null.`,
    );
  });
}

/** What scikit-learn and LightGBM call them, and where a value means something else there. */
const PEER_NAMES: Record<
  SearchedLearner,
  Record<string, (value: Grid[string][number]) => [string, unknown]>
> = {
  forest: trees(),
  extraTrees: trees(),
  boosting: {
    rounds: (value) => ['n_estimators', value],
    learningRate: (value) => ['learning_rate', value],
    leaves: (value) => ['num_leaves', value],
    maxDepth: (value) => ['max_depth', value ?? -1],
    minLeaf: (value) => ['min_child_samples', value],
    minChildWeight: (value) => ['min_child_weight', value],
    l2: (value) => ['reg_lambda', value],
    columnShare: (value) => ['colsample_bytree', value],
  },
  // Theirs weighs the rows' loss where ours weighs the penalty.
  logistic: { l2: (value) => ['C', 1 / Number(value)] },
};

function trees(): (typeof PEER_NAMES)['forest'] {
  return {
    trees: (value) => ['n_estimators', value],
    maxDepth: (value) => ['max_depth', value],
    minLeaf: (value) => ['min_samples_leaf', value],
    maxFeatures: (value) => ['max_features', value === 'all' ? null : value === 'auto' ? 'sqrt' : value],
  };
}

/** The same grid in the peer's words. @throws Error naming a hyperparameter that the peer has not */
export function peerGrid(learner: SearchedLearner, grid: Grid): Record<string, unknown[]> {
  const names = PEER_NAMES[learner];
  const translated: Record<string, unknown[]> = {};
  for (const [name, values] of Object.entries(grid)) {
    const translate = names[name];
    if (!translate)
      throw new Error(
        `--grid has ${name}, which the peer of ${learner} has not; expected some of ${Object.keys(names).join(', ')}, or no --peer-python.`,
      );
    for (const value of values) {
      const [theirs, its] = translate(value);
      (translated[theirs] ??= []).push(its);
    }
  }
  return translated;
}

export function sizeOf(grid: Grid): number {
  return Object.values(grid).reduce((n, values) => n * values.length, 1);
}
