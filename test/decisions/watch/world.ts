import { compareNumbers } from '../../../decisions/watch/compareNumbers.ts';
import type { WindowFacts } from '../../../decisions/watch/facts.ts';
import { judgeWatch } from '../../../decisions/watch/judgeWatch.ts';
import { judgeWindow } from '../../../decisions/watch/judgeWindow.ts';
import type { WatchPolicy } from '../../../decisions/watch/policy.ts';
import type { WatchSignal, WindowVerdict } from '../../../decisions/watch/verdict.ts';
import { fitScale } from '../../../decisions/watch/scale.ts';
import { Random } from '../../../learning/rng.ts';
import { columnOf, drawNormals, factsOf, normals } from './samples.ts';

/** Simulated windows of one reference: columns of normal numbers, of which the first may be moved. */
export interface World {
  columns: number;
  /** Rows of the reference and of a window. */
  referenceRows: number;
  rows: number;
  /** Windows a run. */
  windows: number;
  runs: number;
  /** Standard deviations by which the first column lies off, in every window. */
  shift: number;
  /** Of any two columns; default 0. */
  correlation?: number;
  seed: number;
}

export interface Run {
  verdicts: WindowVerdict[];
  /** After each window. */
  signals: WatchSignal[];
}

/** Every run has a reference of its own, so that an unlucky one is one run of many. */
export function playRuns(world: World, policy: WatchPolicy): Run[] {
  const random = new Random(world.seed);
  return Array.from({ length: world.runs }, () => {
    const reference = sample(world, world.referenceRows, 0, random);
    const run: Run = { verdicts: [], signals: [] };
    for (let window = 0; window < world.windows; window++) {
      run.verdicts.push(judgeWindow(look(world, reference, random), policy));
      run.signals.push(judgeWatch(run.verdicts, policy));
    }
    return run;
  });
}

/** Columns, each ascending. */
function sample(
  { columns, correlation = 0 }: World,
  rows: number,
  shift: number,
  random: Random,
): Float64Array[] {
  const shiftOf = (i: number) => (i === 0 ? shift : 0);
  if (correlation === 0) return Array.from({ length: columns }, (_, i) => normals(random, rows, shiftOf(i)));
  // One part of each row is common to all of its columns.
  const [shared, own] = [Math.sqrt(correlation), Math.sqrt(1 - correlation)];
  const common = drawNormals(random, rows);
  return Array.from({ length: columns }, (_, i) =>
    drawNormals(random, rows)
      .map((value, row) => shiftOf(i) + shared * common[row] + own * value)
      .sort(),
  );
}

function look(world: World, reference: readonly Float64Array[], random: Random): WindowFacts {
  const { rows } = world;
  const window = sample(world, rows, world.shift, random);
  const columns = reference.map((was, i) => {
    const is = window[i];
    return columnOf({ column: `f${i}`, ...compareNumbers(was, is), scale: fitScale(was, is) });
  });
  return factsOf({ rows, compared: rows, tests: columns.length, columns });
}

export function shareOfWindows(runs: readonly Run[], state: WindowVerdict['state']): number {
  const verdicts = runs.flatMap((run) => run.verdicts);
  return verdicts.filter((verdict) => verdict.state === state).length / verdicts.length;
}

export function shareOfAlarms(runs: readonly Run[]): number {
  return runs.filter(({ signals }) => signals.some(({ drift }) => drift)).length / runs.length;
}
