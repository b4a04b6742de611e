import { minutes, seconds, type LifecycleInput } from 'perennial-ml';

/**
 * How a new version of the flights earns its place, for a person who watches: looks every 2 seconds and stages of 15,
 * where the defaults take 30 seconds and 15 minutes. What is to be shown is the same: the guards' error probabilities
 * (alpha, beta) are the defaults, and looking more often costs nothing, as the tests are valid at any moment.
 */
export const canary = {
  // 90 / 10, then all or nothing.
  steps: [10],
  everyMs: seconds(2),
  minDurationMs: seconds(15),
  maxDurationMs: minutes(6),
  probationMs: seconds(8),
  guards: {
    // A deeper forest takes longer by design, which is accepted here; the guard would rightly say that it is slower.
    latency: false,
    // Labels come some seconds after the answer; only flights older than this count.
    accuracy: { loss: 'brier', margin: 0.01, labelHorizonMs: seconds(6) },
  },
} satisfies LifecycleInput['canary'];
