import { table } from '../../client/terminal/table.ts';
import type { FitSet } from '../fit/data.ts';
import { DEFAULT_GRIDS, type Grid, type SearchedLearner } from './grid.ts';
import { medianOf } from './report.ts';
import { openWorld, searchOnce, type Searched, type World } from './world.ts';

/** A search on one worker process beside the same on two. */
export interface WorkersLine {
  work: string;
  /** Median seconds of the search, by number of trainer processes of one thread each. */
  one: number;
  two: number;
  ratio: number;
  rounds: { one: number[]; two: number[] };
}

/** As many as show what a process more is worth, and none of which is the search by itself. */
const CANDIDATES = 20;
/** Two for each of two processes: one is always waiting, and the last ones are spread. */
const PARALLELISM = 4;

/** The same search of 20 slow candidates on stacks of one and of two trainers, which must find the same. */
export async function compareWorkers(
  set: FitSet,
  { learner, rounds, folds }: { learner: SearchedLearner; rounds: number; folds: number },
): Promise<WorkersLine> {
  const worlds: World[] = [];
  try {
    for (const trainers of [1, 2]) worlds.push(await openWorld({ threads: 1, trainers }));
    const search = (world: World, grid: Grid): Promise<Searched> =>
      searchOnce(world, set, { name: 'workers', learner, grid, folds, parallelism: PARALLELISM });
    // Every trainer has met the data and its own code before anything counts.
    for (const world of worlds) await search(world, slowGrid(learner, PARALLELISM));
    const grid = slowGrid(learner, CANDIDATES);
    const seconds: [one: number[], two: number[]] = [[], []];
    const found: Searched[] = [];
    for (let round = 1; round <= rounds; round++) {
      for (const which of round % 2 ? [0, 1] : [1, 0]) {
        const searched = await search(worlds[which], grid);
        seconds[which].push(searched.searchSeconds);
        found.push(searched);
      }
      console.error(
        `${set.name}, round ${round}: 1 process ${seconds[0][round - 1].toFixed(2)} s, 2 ${seconds[1][round - 1].toFixed(2)} s`,
      );
    }
    if (new Set(found.map(({ cv }) => cv)).size > 1)
      throw new Error('One and two processes found different scores.');
    const [one, two] = seconds.map((all) => medianOf(all, (value) => value));
    const work = `${learner}, ${set.name}, ${CANDIDATES} candidates`;
    return { work, one, two, ratio: one / two, rounds: { one: seconds[0], two: seconds[1] } };
  } finally {
    for (const world of worlds) await world.stop();
  }
}

export function workersTable(lines: readonly WorkersLine[]): string {
  const rows = lines.map(({ work, one, two, ratio }) => [
    work,
    one.toFixed(2),
    two.toFixed(2),
    ratio.toFixed(2),
  ]);
  return table([['search', '1 process, s', '2 processes, s', 'ratio'], ...rows], { right: [1, 2, 3] });
}

/** Of one size, so that every candidate costs about the same and no two of them are one fit. */
function slowGrid(learner: SearchedLearner, candidates: number): Grid {
  const steps = Array.from({ length: candidates }, (_, i) => i + 1);
  const last = Object.entries(DEFAULT_GRIDS[learner]).map(
    ([name, values]) => [name, values.slice(-1)] as const,
  );
  const varied: Grid = learner === 'logistic' ? { l2: steps.map((step) => step / 10) } : { minLeaf: steps };
  return { ...Object.fromEntries(last), ...varied };
}
