/** What is fitted by ours and by peers. */
export interface Work {
  name: string;
  /** On our shelf. */
  learner: 'boosting' | 'logistic' | 'forest';
  params: object;
  /** By the names that fit_peer.py has for them. */
  peers: Peer[];
  /** Of both sides. */
  threads: number;
}

export type Peer = 'lightgbm' | 'scikit-learn' | 'scikit-learn-intelex';
export const PEERS: readonly Peer[] = ['lightgbm', 'scikit-learn', 'scikit-learn-intelex'];
export type BenchedLearner = Work['learner'];

/** For the record. */
export const LOADS: Record<BenchedLearner, string> = {
  boosting: 'boosting: 100 rounds of 31 leaves, binning included, 1 thread',
  logistic: 'logistic: l2 = 1, tolerance 1e-4, 1 thread',
  forest:
    "forest: 100 trees, binning included, 2 threads of the pool that a training's refit uses, 2 jobs of the peers",
};

const FORESTS = [null, 8].map((maxDepth): Work => ({
  name: `forest, ${maxDepth === null ? 'full depth' : `depth ${maxDepth}`}`,
  learner: 'forest',
  params: { trees: 100, maxDepth },
  peers: ['scikit-learn', 'scikit-learn-intelex'],
  threads: 2,
}));

/** With the defaults that boosting has in common with LightGBM; logistic regression as exact as scikit-learn's default. */
export const WORKS: readonly Work[] = [
  { name: 'boosting', learner: 'boosting', params: {}, peers: ['lightgbm'], threads: 1 },
  {
    name: 'logistic',
    learner: 'logistic',
    params: { tolerance: 1e-4 },
    peers: ['scikit-learn'],
    threads: 1,
  },
  ...FORESTS,
];
