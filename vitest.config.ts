import { defineConfig } from 'vitest/config';

/** Tests of pure functions and of files: no server, so they start at once. */
const pure = [
  'test/*.test.ts',
  'test/config/**/*.test.ts',
  'test/decisions/**/*.test.ts',
  'test/learning/**/*.test.ts',
  'test/activities/**/*.test.ts',
  'test/compute/foreign*.test.ts',
  'test/client/runRows.test.ts',
  'test/bench/replaySummary.test.ts',
];

export default defineConfig({
  test: {
    // Tests compute, and a Temporal server, a Postgres and workers run beside them on 2 cores.
    maxWorkers: 2,
    teardownTimeout: 30_000,
    reporters: ['default', './test/setup/reporter.ts'],
    projects: [
      {
        extends: true,
        test: { name: 'pure', include: pure, pool: 'forks', testTimeout: 30_000, hookTimeout: 60_000 },
      },
      {
        extends: true,
        test: {
          name: 'stack',
          include: ['test/**/*.test.ts'],
          exclude: ['node_modules/**', ...pure],
          pool: 'forks',
          globalSetup: ['test/setup/global.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
