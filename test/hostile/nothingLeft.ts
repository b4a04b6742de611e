import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Bench } from '../workflows/bench.ts';

/** After a refusal: no version, no route, no artifact that nothing refers to, no scratch file, an intact audit. */
export async function expectNothingHalfWritten(bench: Bench, name: string): Promise<void> {
  expect(await bench.store.registry.list(name)).toEqual([]);
  expect(await bench.store.routes.get(name)).toBeUndefined();
  expect(await bench.store.orphans()).toEqual([]);
  expect(await bench.store.audit.verify()).toMatchObject({ intact: true });
  // An activity that was cancelled tidies up after its workflow has ended.
  await expect
    .poll(() => readdirSync(join(bench.folder, 'trainer', 'scratch')), { timeout: 20_000 })
    .toEqual([]);
}

/** The run's row is closed with the reason that the person was given. */
export async function expectClosed(
  bench: Bench,
  name: string,
  status: string,
  reason: string,
): Promise<void> {
  const runs = await bench.store.runs.list(name);
  expect(runs).toHaveLength(1);
  expect(runs[0]).toMatchObject({ status, reason });
  expect(runs[0].endedAt).toBeDefined();
}
