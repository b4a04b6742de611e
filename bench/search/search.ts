import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeSet, readSet, writeSet, type FitSet } from '../fit/data.ts';
import { DEFAULT_GRIDS, peerGrid, sizeOf, type Grid, type SearchedLearner } from './grid.ts';
import { compareOverhead, overheadTable, type OverheadLine } from './overhead.ts';
import { startSearchPeer, type SearchPeer } from './peer.ts';
import { compareSearches, searchTable, type PeerSearched, type SearchLine } from './report.ts';
import { usageOf } from './usage.ts';
import { compareWorkers, workersTable, type WorkersLine } from './workers.ts';
import { openWorld, searchOnce, type Searched, type SearchWork, type World } from './world.ts';

export interface SearchOptions {
  json?: string;
  peerPython?: string;
  /** Prefixes of raw data sets; without any, generated ones. */
  set: string[];
  rows: number[];
  learner: SearchedLearner;
  grid?: Grid;
  folds: number;
  /** Threads of ours, processes of the peer's. */
  jobs: number;
  parallelism: number;
  rounds: number;
  only: ('grid' | 'workers' | 'overhead')[];
}

/** Grid searches by the workflows beside GridSearchCV, and on one worker process beside two: prints tables and writes the figures. */
export async function benchSearch(options: SearchOptions): Promise<void> {
  const { json, peerPython, set, rows, learner, jobs, rounds, only } = options;
  const grid = options.grid ?? DEFAULT_GRIDS[learner];
  const sets =
    set.length > 0 ? set.map((prefix) => () => readSet(prefix)) : rows.map((n) => () => makeSet(n, 20, 3));
  // Before anything starts: a grid that the peer has not is no reason to begin.
  if (peerPython !== undefined) peerGrid(learner, grid);
  const lines = only.includes('grid') ? await besidePeer(sets, { ...options, grid }) : { results: [] };
  const workers: WorkersLine[] = [];
  if (only.includes('workers')) for (const open of sets) workers.push(await compareWorkers(open(), options));
  const overhead: OverheadLine[] = only.includes('overhead') ? await compareOverhead(options) : [];
  const facts = {
    command: `npm run bench -- ${process.argv.slice(2).join(' ')}`,
    machine: `${cpus().length} x ${cpus()[0].model}, Node ${process.version}, load ${loadavg()[0].toFixed(1)}`,
    load: `${learner}, ${sizeOf(grid)} combinations x ${options.folds} folds and a refit, ${jobs} jobs; medians of ${rounds} interleaved rounds after a search of one candidate to warm up`,
    grid: JSON.stringify(grid),
    peer: lines.versions ?? 'scikit-learn, LightGBM: not measured (--peer-python)',
  };
  if (lines.results.length > 0) console.log(`\n${searchTable(lines.results)}`);
  if (workers.length > 0) console.log(`\n${workersTable(workers)}`);
  if (overhead.length > 0) console.log(`\n${overheadTable(overhead)}`);
  console.log('');
  for (const fact of Object.values(facts)) console.log(`  ${fact}`);
  if (json)
    writeFileSync(
      json,
      `${JSON.stringify({ ...facts, results: lines.results, workers, overhead }, undefined, 2)}\n`,
    );
}

type WithGrid = SearchOptions & { grid: Grid };

async function besidePeer(
  sets: readonly (() => FitSet)[],
  options: WithGrid,
): Promise<{ results: SearchLine[]; versions?: string }> {
  const { peerPython, jobs } = options;
  const folder = mkdtempSync(join(tmpdir(), 'perennial-search-'));
  const peer = peerPython === undefined ? undefined : await startSearchPeer(peerPython);
  try {
    const results: SearchLine[] = [];
    for (const [i, open] of sets.entries()) {
      // A stack for each set, whose peak memory must not be that of the one before.
      const world = await openWorld({ threads: jobs, trainers: 1 });
      try {
        results.push(await measure(world, { set: open(), name: `set-${i}` }, peer, folder, options));
      } finally {
        await world.stop();
      }
    }
    return { results, versions: peer?.versions };
  } finally {
    peer?.close();
    rmSync(folder, { recursive: true });
  }
}

/** Round by round, every other one the other way about, so that what else the machine does meets both. */
async function measure(
  world: World,
  { set, name }: { set: FitSet; name: string },
  peer: SearchPeer | undefined,
  folder: string,
  { learner, grid, folds, jobs, parallelism, rounds }: WithGrid,
): Promise<SearchLine> {
  const theirs = { ...writeSet(set, join(folder, 'set')), learner, jobs };
  const searchOurs = (grid: Grid, folds: number): Promise<Searched> => {
    const work: SearchWork = { name, learner, grid, folds, parallelism };
    return searchOnce(world, set, work);
  };
  const searchTheirs = async (grid: Grid, folds: number): Promise<PeerSearched | undefined> => {
    if (!peer) return undefined;
    const work = () => peer.search({ ...theirs, grid: peerGrid(learner, grid), folds });
    const { result, usage } = await usageOf({ peer: () => [peer.pid] }, work);
    return { ...result, usage: usage?.peer };
  };
  const first = Object.fromEntries(
    Object.entries(grid).map(([param, values]) => [param, values.slice(0, 1)]),
  );
  await searchOurs(first, 2);
  await searchTheirs(first, 2);

  const ours: Searched[] = [];
  const others: PeerSearched[] = [];
  for (let round = 1; round <= rounds; round++) {
    const turns = [
      async () => void ours.push(await searchOurs(grid, folds)),
      async () => {
        const found = await searchTheirs(grid, folds);
        if (found) others.push(found);
      },
    ];
    for (const turn of round % 2 ? turns : turns.toReversed()) await turn();
    console.error(
      `${set.name}, round ${round}: ours ${ours[round - 1].seconds.toFixed(2)} s, peer ${others[round - 1]?.seconds.toFixed(2) ?? 'not measured'}`,
    );
  }
  return compareSearches(`${learner}, ${set.name}`, ours, others);
}
