import { table } from '../../client/terminal/table.ts';
import { makeSet } from '../fit/data.ts';
import { medianOf } from './report.ts';
import { openWorld, searchOnce, type Searched } from './world.ts';

/** What a candidate costs beyond its fits: a child workflow, an activity, its rows in the database. */
export interface OverheadLine {
  /** Candidates under way at the same time. */
  parallelism: number;
  candidates: number;
  /** Median seconds of the search. */
  seconds: number;
  /** Of that, of the candidates' fits by their own clocks. */
  fitSeconds: number;
  /** Milliseconds from one candidate's end to the next one's: one after another less their fits, else as they come. */
  perCandidateMs: number;
  /** Milliseconds of the processor, of all processes and both servers, the whole run with its other stages included. */
  cpuPerCandidateMs?: number;
  rounds: number[];
}

/** Candidates whose fits are next to nothing. */
const CANDIDATES = 60;
const ROWS = 300;
const PARALLELISMS = [1, 4];

export async function compareOverhead({ rounds }: { rounds: number }): Promise<OverheadLine[]> {
  const set = makeSet(ROWS, 4, 2);
  const world = await openWorld({ threads: 1, trainers: 1 });
  try {
    const search = (candidates: number, parallelism: number) => {
      const grid = { l2: Array.from({ length: candidates }, (_, i) => (i + 1) / 10) };
      return searchOnce(world, set, { name: 'overhead', learner: 'logistic', grid, folds: 2, parallelism });
    };
    await search(4, 2);
    const lines: OverheadLine[] = [];
    for (const parallelism of PARALLELISMS) {
      const found: Searched[] = [];
      for (let round = 1; round <= rounds; round++) {
        const searched = await search(CANDIDATES, parallelism);
        found.push(searched);
        console.error(
          `${parallelism} at a time, round ${round}: ${searched.searchSeconds.toFixed(2)} s, fits ${searched.fitSeconds.toFixed(2)} s`,
        );
      }
      const { searchSeconds, fitSeconds, usage, servers } = medianOf(found, (each) => each.searchSeconds);
      const beyond = parallelism === 1 ? searchSeconds - fitSeconds : searchSeconds;
      const cpu = usage && servers && usage.cpuSeconds + servers.cpuSeconds;
      lines.push({
        ...{ parallelism, candidates: CANDIDATES, seconds: searchSeconds, fitSeconds },
        perCandidateMs: (1000 * beyond) / CANDIDATES,
        ...(cpu === undefined ? {} : { cpuPerCandidateMs: (1000 * cpu) / CANDIDATES }),
        rounds: found.map((each) => each.searchSeconds),
      });
    }
    return lines;
  } finally {
    await world.stop();
  }
}

export function overheadTable(lines: readonly OverheadLine[]): string {
  const rows = lines.map(({ parallelism, candidates, seconds, fitSeconds, ...per }) => [
    String(parallelism),
    String(candidates),
    seconds.toFixed(2),
    fitSeconds.toFixed(2),
    per.perCandidateMs.toFixed(0),
    per.cpuPerCandidateMs?.toFixed(0) ?? '',
  ]);
  const head = ['at a time', 'candidates', 'search, s', 'fits, s', 'a candidate, ms', 'its CPU, ms'];
  return table([head, ...rows], { right: head.map((_, i) => i) });
}
