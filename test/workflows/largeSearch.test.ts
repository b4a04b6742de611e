import { temporal as proto } from '@temporalio/proto';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { MAX_PAYLOAD_BYTES } from '../../config/units.ts';
import { declaredCandidates } from '../config/declared.ts';
import { ids } from '../../workflows/messages.ts';
import { openBench, type Bench } from './bench.ts';
import { smallCsv } from './data.ts';
import { small } from './definitions.ts';
import { executionsOf, payloadBytes } from './histories.ts';
import { csv } from '../../config/define.ts';

/** A search of 500 candidates stays under Temporal's limits, and finds what looking at all of them finds. */

vi.setConfig({ testTimeout: 240_000 });

const CANDIDATES = 500;
/** At which the server suggests to continue as new. */
const SUGGESTED_EVENTS = 4_096;
const SUGGESTED_BYTES = 4 * 1024 * 1024;

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

test(`${CANDIDATES} candidates: continued as new, no payload over 32 KiB, the best of all`, async () => {
  const name = 'large-search';
  const definition = small(bench, {
    name,
    sources: { parcels: csv(bench.write('large.csv', smallCsv({ rows: 200 }))) },
    search: [
      {
        learner: 'tree',
        grid: { minLeaf: Array.from({ length: CANDIDATES / 5 }, (_, i) => i + 1), maxDepth: [1, 2, 3, 4, 5] },
      },
    ],
    parallelism: 16,
  });
  const handle = await bench.client.train(definition);
  expect(await handle.result()).toMatchObject({ outcome: 'registered', version: 1 });
  expect((await handle.progress()).candidates).toMatchObject({
    total: CANDIDATES,
    done: CANDIDATES,
    failed: 0,
  });

  const { candidates } = await bench.client.run(name, handle.run);
  expect(candidates.map(({ index, params }) => ({ index, params }))).toEqual(
    declaredCandidates(definition).map(({ index, params }) => ({ index, params })),
  );
  const best = candidates.reduce((a, b) => ((b.mean ?? 0) > (a.mean ?? 0) ? b : a));
  const model = await bench.client.model(name);
  expect({ params: model.params, mean: model.cv?.mean }).toEqual({ params: best.params, mean: best.mean });

  const searches = await executionsOf(bench.temporal, ids.search(name, handle.run));
  expect(searches.length).toBeGreaterThan(1);
  const training = await executionsOf(bench.temporal, handle.workflowId);
  expect(training).toHaveLength(1);
  for (const history of [...searches, ...training]) {
    expect(history.events?.length).toBeLessThan(SUGGESTED_EVENTS);
    expect(proto.api.history.v1.History.encode(history).finish().length).toBeLessThan(SUGGESTED_BYTES);
  }
  const signals = training[0].events?.filter((event) => event.workflowExecutionSignaledEventAttributes);
  expect(signals?.length).toBeLessThanOrEqual(100);
  const one = await executionsOf(bench.temporal, ids.candidate(name, handle.run, best.index));
  const sizes = [...searches, ...training, ...one].flatMap((history) => payloadBytes(history));
  expect(sizes.length).toBeGreaterThan(CANDIDATES);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(MAX_PAYLOAD_BYTES);
});
