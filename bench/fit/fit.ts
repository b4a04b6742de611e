import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { table } from '../../client/terminal/table.ts';
import { makeSet, readSet, writeSet, type FitSet } from './data.ts';
import { fitOurs, type BenchedLearner, type Fit } from './ours.ts';
import { startFitPeer, type FitPeer } from './peer.ts';

export interface FitOptions {
  json?: string;
  peerPython?: string;
  /** Prefixes of raw data sets; without any, generated ones. */
  set: string[];
  rows: number[];
  learner: BenchedLearner[];
  rounds: number;
}

interface Line {
  work: string;
  ours: Fit;
  peer?: Fit;
  /** The peer's median seconds over ours: above 1 ours is faster. */
  ratio?: number;
  /** The same of the processor's seconds. */
  cpuRatio?: number;
}

/** Boosting beside LightGBM, logistic regression beside scikit-learn: prints the table and writes the figures. */
export async function benchFit({ json, peerPython, set, rows, learner, rounds }: FitOptions): Promise<void> {
  const sets =
    set.length > 0
      ? set.map((prefix) => () => readSet(prefix))
      : rows.flatMap((n) => [3, 2].map((classes) => () => makeSet(n, 20, classes)));
  const peer = peerPython === undefined ? undefined : await startFitPeer(peerPython);
  const folder = mkdtempSync(join(tmpdir(), 'perennial-fit-'));
  try {
    const lines: Line[] = [];
    for (const open of sets) {
      const one = open();
      for (const name of learner) lines.push(await measure(name, one, peer, rounds, folder));
    }
    const facts = {
      command: `npm run bench -- ${process.argv.slice(2).join(' ')}`,
      machine: `${cpus().length} x ${cpus()[0].model}, Node ${process.version}, load ${loadavg()[0].toFixed(1)}`,
      load: `boosting: 100 rounds of 31 leaves, binning included; logistic: l2 = 1, tolerance 1e-4; 1 thread; medians of ${rounds} interleaved rounds after one to warm up`,
      peer: peer?.versions ?? 'LightGBM, scikit-learn: not measured (--peer-python)',
    };
    console.log(`\n${fitTable(lines)}\n`);
    for (const { work, ours, peer: theirs } of lines)
      if (ours.objective !== undefined && theirs?.objective !== undefined)
        console.log(`  ${work}: objective ${ours.objective}, peer's ${theirs.objective}`);
    for (const fact of Object.values(facts)) console.log(`  ${fact}`);
    if (json) {
      const results = lines.map(({ ours, peer: theirs, ...line }) => ({
        ...line,
        ours: ours.seconds,
        peer: theirs?.seconds,
        scores: { ours, peer: theirs },
      }));
      writeFileSync(json, `${JSON.stringify({ ...facts, results }, undefined, 2)}\n`);
    }
  } finally {
    peer?.close();
    rmSync(folder, { recursive: true });
  }
}

/** Round by round, every other one the other way about, so that what else the machine does meets both. */
async function measure(
  learner: BenchedLearner,
  set: FitSet,
  peer: FitPeer | undefined,
  rounds: number,
  folder: string,
): Promise<Line> {
  const work = { learner, ...writeSet(set, join(folder, 'set')) };
  const name = `${learner}, ${set.name}`;
  const ours: Fit[] = [];
  const theirs: Fit[] = [];
  for (let round = 0; round <= rounds; round++) {
    const turns = [
      async () => ours.push(fitOurs(learner, set)),
      async () => peer && theirs.push(await peer.fit(work)),
    ];
    for (const turn of round % 2 ? turns : turns.toReversed()) await turn();
    console.error(
      `${name}, ${round === 0 ? 'warm-up' : `round ${round}`}: ours ${ours[round].seconds.toFixed(2)} s, peer ${theirs[round]?.seconds.toFixed(2) ?? 'not measured'}`,
    );
  }
  const line = { work: name, ours: medianOf(ours.slice(1)) };
  if (!peer) return line;
  const other = medianOf(theirs.slice(1));
  return {
    ...line,
    peer: other,
    ratio: other.seconds / line.ours.seconds,
    cpuRatio: cpuMedian(theirs.slice(1)) / cpuMedian(ours.slice(1)),
  };
}

function fitTable(lines: readonly Line[]): string {
  const side = ['seconds', 'CPU', 'log loss', 'accuracy'];
  const figures = (fit: Fit) => [
    fit.seconds.toFixed(3),
    fit.cpuSeconds.toFixed(3),
    fit.logLoss.toFixed(4),
    fit.accuracy.toFixed(4),
  ];
  const rows = lines.map(({ work, ours, peer, ratio, cpuRatio }) => [
    work,
    ...figures(ours),
    ...(peer ? figures(peer) : ['not measured', '', '', '']),
    ratio?.toFixed(2) ?? '',
    cpuRatio?.toFixed(2) ?? '',
  ]);
  return table([['fit', ...side, ...side.map((name) => `peer's ${name}`), 'ratio', 'CPU ratio'], ...rows], {
    right: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
  });
}

function cpuMedian(fits: readonly Fit[]): number {
  const sorted = fits.map(({ cpuSeconds }) => cpuSeconds).sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
}

/** The fit of median time; all have the same scores. */
function medianOf(fits: readonly Fit[]): Fit {
  const sorted = [...fits].sort((a, b) => a.seconds - b.seconds);
  return sorted[sorted.length >> 1];
}
