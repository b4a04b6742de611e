import { temporal as proto } from '@temporalio/proto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { atRest, replayPast, type PastRow } from '../../client/replayPast.ts';
import { csv, defineLifecycle, hours, tree } from '../../config/define.ts';
import { MAX_PAYLOAD_BYTES } from '../../config/units.ts';
import { Random } from '../../learning/rng.ts';
import { ids } from '../../workflows/messages.ts';
import { openBench, type Bench } from './bench.ts';
import { executionsOf, payloadBytes } from './histories.ts';

/**
 * A lifecycle lives through as many windows as one likes: its histories, its state, its tables and this process stay as
 * small as they were. PERENNIAL_LONG_ROUNDS=10000 is the long run, whose figures stand in docs/drift.md.
 */
const ROUNDS = Number(process.env.PERENNIAL_LONG_ROUNDS ?? 1_000);
const HOUR_MS = 3_600_000;
const START = Date.UTC(2026, 0, 1);
const ROWS = 60;
/** Workflows continue as new at 1,000; a window that was under way then still ends. */
const MAX_EVENTS = 1_200;

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
}, 120_000);
afterAll(() => bench.close());

/** Every 50 hours the world is another for four of them. */
function hour(n: number): PastRow[] {
  const random = new Random(n + 1);
  const shift = n % 50 >= 46 ? 4 : 0;
  return Array.from({ length: ROWS }, (_, i) => {
    const size = random.unit() * 10 + shift;
    const late = size > 5 !== random.unit() < 0.1;
    const at = START + n * HOUR_MS + Math.floor((i / ROWS) * HOUR_MS);
    return { key: `${n}-${i}`, at, inputs: { size }, truth: late ? 'yes' : 'no' };
  });
}

test(
  `${ROUNDS} windows: everything stays bounded`,
  { timeout: Math.max(3_600_000, ROUNDS * 1_500) },
  async () => {
    const name = 'long-life';
    const first = Array.from({ length: 10 }, (_, n) => hour(n)).flat();
    const lines = first.map(({ key, inputs, truth }) => `${key},${inputs.size},${truth}`);
    bench.write('long.csv', `id,size,late\n${lines.join('\n')}\n`);
    const definition = defineLifecycle({
      name,
      sources: { parcels: csv('long.csv') },
      target: 'late',
      key: 'id',
      features: [{ kind: 'passthrough', columns: ['size'] }],
      search: [tree({ maxDepth: 2 })],
      select: { metric: 'accuracy', folds: 2 },
      watch: { everyMs: hours(1), minRows: 50, quality: { minLabels: 50 } },
    });
    await bench.client.lifecycles.deploy(definition, {
      actor: 'ann',
      reason: 'for a year',
      baseDirectory: bench.folder,
    });
    await atRest(bench.temporal, name);

    const heap: number[] = [];
    const states: Record<string, number> = {};
    const { store, temporal } = bench;
    for (let round = 0; round < ROUNDS; round += 100) {
      const rows = Array.from({ length: 100 }, (_, i) => hour(10 + round + i)).flat();
      const chunks = await replayPast({
        ...{ store, temporal, name, rows, chunkMs: HOUR_MS, labelDelayMs: 0, watched: true, rest: false },
      });
      for (const { watched } of chunks) {
        const state = watched?.verdict.state ?? 'none';
        states[state] = (states[state] ?? 0) + 1;
      }
      heap.push(process.memoryUsage().heapUsed / 2 ** 20);
    }
    await atRest(temporal, name);
    // The hours of another world are told, as drift or as a fault.
    expect((states.shifted ?? 0) + (states.fault ?? 0)).toBeGreaterThan(ROUNDS / 50);
    expect(states.none).toBeUndefined();

    for (const id of [ids.lifecycle(name), ids.watch(name)]) {
      const histories = await executionsOf(temporal, id);
      expect(histories.length).toBeGreaterThan(1);
      const events = histories.map((history) => history.events?.length ?? 0);
      expect(Math.max(...events)).toBeLessThanOrEqual(MAX_EVENTS);
      const newest = histories.at(-1);
      expect(proto.api.history.v1.History.encode(newest ?? {}).finish().length).toBeLessThan(2 ** 20);
      expect(Math.max(...payloadBytes(histories.at(-2)))).toBeLessThanOrEqual(MAX_PAYLOAD_BYTES);
    }
    const kept = await store.lifecycles.get(name);
    expect(JSON.stringify(kept?.state).length).toBeLessThan(MAX_PAYLOAD_BYTES);
    const windows = await store.watch.windows(name, 100_000);
    expect(windows.length).toBeLessThanOrEqual(1_001);
    expect(windows[0].number).toBe(ROUNDS);
    const { artifacts, tables } = await store.stats();
    const count = (kind: string) => artifacts.find((entry) => entry.kind === kind)?.count ?? 0;
    // The reference of the only version, and the last healthy window's.
    expect(count('distributions')).toBeLessThanOrEqual(2);
    expect(await store.orphans()).toEqual([]);
    // What happened is told; that nothing happened is not.
    expect((await store.audit.list(`lifecycle/${name}`, 10_000)).length).toBeLessThan(20);
    const settled = Math.max(...heap.slice(0, 3));
    expect(heap.at(-1)).toBeLessThan(settled * 1.5 + 50);
    if (ROUNDS > 1_000) {
      const days = tables.filter(({ name: table }) => /^predictions_\d+$/.test(table));
      const largest = Math.max(...days.map(({ bytes }) => bytes));
      const sizes = [
        { days: days.length, largest },
        ...tables.filter((table) => !days.includes(table) && table.bytes > 2 ** 20),
      ];
      process.stdout.write(`${JSON.stringify({ states, heap, windows: windows.length, sizes })}\n`);
    }
  },
);
