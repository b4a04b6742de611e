import type { Study } from './studies.ts';
import { same, type Rates, type World } from './world.ts';

/**
 * What is simulated, at the size of docs/canary.md; the tests take fewer requests of the same rollouts. An error rate of
 * 0.5 % and 1 % of slow answers (the champion's p99 makes it so), 10 % of the keys with the challenger, a look every
 * 100 or 200 requests.
 */

const LABELS = { rate: same(0.5), delay: 500, horizon: 0, disagree: 0.1, worse: 0 };
const EQUAL: World = { errors: same(0.005), slow: same(0.01) };
const HEAVY = { count: 3000, sigma: 1.5 };
const SIZE = { rollouts: 500, requests: 60_000, lookEvery: 200 };

/** The challenger is no worse: nobody may roll it back. */
export const equalAll: Study = {
  name: 'A/A, three guards',
  world: { ...EQUAL, labels: LABELS },
  policy: { guards: { accuracy: {} } },
  ...SIZE,
  rollouts: 1000,
  requests: 30_000,
};

export const heavyUsers: Study = {
  name: 'A/A, 3,000 users, some of them heavy, 2 % always fail',
  world: { ...EQUAL, users: HEAVY, doomed: 0.02 },
  policy: {},
  ...SIZE,
  rollouts: 1000,
  requests: 20_000,
};

/** Users who always fail, met again in each of five stages. */
export const doomedUsers: Study = {
  name: 'A/A, 2 % of 3,000 users always fail, five stages',
  world: { users: { count: 3000, sigma: 1 }, doomed: 0.02 },
  policy: { steps: [10, 20, 30, 40, 50], guards: { latency: false } },
  ...SIZE,
  requests: 40_000,
  lookEvery: 400,
};

export const rareDisagreement: Study = {
  name: 'a challenger worse by the margin, on 1 % of the rows',
  world: { labels: { ...LABELS, disagree: 0.01, worse: 0.01 } },
  policy: { guards: { errors: false, latency: false, accuracy: {} } },
  ...SIZE,
  requests: 20_000,
};

export const lateLabels: Study = {
  name: 'A/A, labels 5,000 requests late on the mean, horizon 10,000',
  world: { ...EQUAL, labels: { ...LABELS, delay: 5000, horizon: 10_000 } },
  policy: { guards: { accuracy: {} } },
  ...SIZE,
  requests: 30_000,
};

/** The challenger is worse. */
export const twoPointsWorse: Study = {
  name: '2 points less accurate, 5 % of the rows differ',
  world: { ...EQUAL, labels: { ...LABELS, disagree: 0.05, worse: 0.02 } },
  policy: { guards: { accuracy: {} } },
  ...SIZE,
  lookEvery: 100,
};

export const twoPointsLate: Study = {
  ...twoPointsWorse,
  name: '2 points less accurate, labels with a horizon of 10,000 requests',
  world: { ...EQUAL, labels: { ...LABELS, disagree: 0.05, worse: 0.02, delay: 5000, horizon: 10_000 } },
};

export const fiveTimesErrors: Study = {
  name: '5 times the errors (2.5 % for 0.5 %)',
  world: { ...EQUAL, errors: { champion: 0.005, challenger: 0.025 } },
  policy: {},
  ...SIZE,
  lookEvery: 100,
};

export const firstErrors: Study = {
  ...fiveTimesErrors,
  name: '2 % errors where the champion has none',
  world: { slow: same(0.01), errors: { champion: 0, challenger: 0.02 } },
};

export const fiveTimesSlow: Study = {
  ...fiveTimesErrors,
  name: '5 times as often slow (5 % for 1 %)',
  world: { ...EQUAL, slow: { champion: 0.01, challenger: 0.05 } },
};

/** The challenger is as good, and someone waits for it to be promoted. */
export function promotion(errorRate: number, policy: Study['policy'] = {}): Study {
  return {
    name: `equal, ${100 * errorRate} % errors`,
    world: { slow: same(0.01), errors: same(errorRate) },
    policy,
    ...SIZE,
    rollouts: 300,
    requests: 150_000,
    lookEvery: 500,
  };
}

/** Accuracy alone decides. */
export function promotionByLabels(disagree: number, better: number, margin = 0.01): Study {
  return {
    name: `labels alone, ${100 * disagree} % differ, ${100 * better} points better, margin ${margin}`,
    world: { labels: { ...LABELS, rate: same(1), disagree, worse: -better } },
    policy: { guards: { errors: false, latency: false, accuracy: { margin } } },
    ...SIZE,
    rollouts: 300,
    lookEvery: 100,
  };
}

/** The challenger's errors are just what the guard does not accept, and no rollback comes first. */
export function atBound(errors: Rates): Study {
  return {
    name: `at the bound, ${100 * errors.challenger} % for ${100 * errors.champion} %`,
    world: { errors },
    policy: { alpha: 1e-9, guards: { latency: false } },
    ...SIZE,
    requests: 30_000,
    lookEvery: 300,
  };
}

export const heavyAtBound: Study = {
  ...atBound({ champion: 0.005, challenger: 0.01 }),
  name: 'at the bound, 1 % for 0.5 % of the requests of 3,000 users',
  world: { users: HEAVY, errors: { champion: 0.005, challenger: 0.01 } },
};

/** The experiment itself is broken. */
export const mismatch: Study = {
  name: '12 % of the keys where 10 % were asked for',
  world: { ...EQUAL, trueWeight: 0.12 },
  policy: {},
  ...SIZE,
};

export const unequalLabels: Study = {
  name: "labels for 50 % of the champion's keys and 40 % of the challenger's",
  world: { ...EQUAL, labels: { ...LABELS, rate: { champion: 0.5, challenger: 0.4 } } },
  policy: { guards: { accuracy: {} } },
  ...SIZE,
};
