import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { table } from '../../client/terminal/table.ts';
import { makeSet, readSet, writeSet, type FitSet } from './data.ts';
import { startOurs, type Contestant, type Fit } from './ours.ts';
import { startFitPeers, type FitPeers } from './peer.ts';
import { LOADS, WORKS, type BenchedLearner, type Peer, type Work } from './works.ts';

export interface FitOptions {
  json?: string;
  peerPython?: string;
  peer: Peer[];
  /** Prefixes of raw data sets; without any, generated ones. */
  set: string[];
  rows: number[];
  classes: number[];
  learner: BenchedLearner[];
  rounds: number;
}

/** One work beside one peer. */
interface Line {
  work: string;
  beside: Peer;
  ours: Fit;
  peer?: Fit;
  /** The peer's median seconds over ours: above 1 ours is faster. */
  ratio?: number;
  /** The same of the processor's seconds. */
  cpuRatio?: number;
}

/** Our learners beside what people use: prints the table and writes the figures. */
export async function benchFit(options: FitOptions): Promise<void> {
  const { json, peerPython, set, rows, classes, learner, rounds } = options;
  const sets =
    set.length > 0
      ? set.map((prefix) => () => readSet(prefix))
      : rows.flatMap((n) => classes.map((k) => () => makeSet(n, 20, k)));
  const works = WORKS.filter((work) => learner.includes(work.learner)).map((work) => ({
    ...work,
    peers: work.peers.filter((peer) => options.peer.includes(peer)),
  }));
  const peers = peerPython === undefined ? undefined : await startFitPeers(peerPython);
  const ours = startOurs();
  const folder = mkdtempSync(join(tmpdir(), 'perennial-fit-'));
  try {
    const lines: Line[] = [];
    for (const open of sets) {
      const one = open();
      const files = writeSet(one, join(folder, 'set'));
      for (const work of works) lines.push(...(await measure(work, one, { ours, peers, files, rounds })));
    }
    const facts = {
      command: `npm run bench -- ${process.argv.slice(2).join(' ')}`,
      machine: `${cpus().length} x ${cpus()[0].model}, Node ${process.version}, load ${loadavg()[0].toFixed(1)}`,
      load: `${learner.map((name) => LOADS[name]).join('; ')}; medians of ${rounds} interleaved rounds after one to warm up`,
      peer: peers ? versionsOf(works, peers) : 'peers: not measured (--peer-python)',
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
    peers?.close();
    await ours.close();
    rmSync(folder, { recursive: true });
  }
}

function versionsOf(works: readonly Work[], { versions, python }: FitPeers): string {
  const named = new Set(works.flatMap(({ peers }) => peers));
  return [...[...named].map((peer) => `${peer} ${versions[peer] ?? 'not measured'}`), python].join(', ');
}

interface Round {
  ours: Contestant;
  peers: FitPeers | undefined;
  /** Where the peers read the set. */
  files: object;
  rounds: number;
}

/** Round by round, every other one the other way about, so that what else the machine does meets all. */
async function measure(work: Work, set: FitSet, { ours, peers, files, rounds }: Round): Promise<Line[]> {
  const { learner, params, threads } = work;
  const name = `${work.name}, ${set.name}`;
  const there = work.peers.filter((peer) => peers?.versions[peer] !== undefined);
  const own: Fit[] = [];
  const others = new Map<Peer, Fit[]>(there.map((peer) => [peer, []]));
  for (let round = 0; round <= rounds; round++) {
    const turns = [
      async () => void own.push(await ours.fit(work, set)),
      ...[...others].map(([peer, fits]) => async () => {
        if (peers) fits.push(await peers.fit({ peer, learner, params, threads, ...files }));
      }),
    ];
    for (const turn of round % 2 ? turns : turns.toReversed()) await turn();
    const times = [...others].map(([peer, fits]) => `, ${peer} ${fits[round].seconds.toFixed(2)} s`);
    console.error(
      `${name}, ${round === 0 ? 'warm-up' : `round ${round}`}: ours ${own[round].seconds.toFixed(2)} s${times.join('')}`,
    );
  }
  const mine = medianOf(own.slice(1));
  return work.peers.map((beside) => {
    const fits = others.get(beside)?.slice(1);
    if (!fits) return { work: name, beside, ours: mine };
    const peer = medianOf(fits);
    return {
      ...{ work: name, beside, ours: mine, peer },
      ratio: peer.seconds / mine.seconds,
      cpuRatio: cpuMedian(fits) / cpuMedian(own.slice(1)),
    };
  });
}

function fitTable(lines: readonly Line[]): string {
  const side = ['seconds', 'CPU', 'log loss', 'accuracy'];
  const figures = (fit: Fit) => [
    fit.seconds.toFixed(3),
    fit.cpuSeconds.toFixed(3),
    fit.logLoss.toFixed(4),
    fit.accuracy.toFixed(4),
  ];
  const rows = lines.map(({ work, beside, ours, peer, ratio, cpuRatio }) => [
    ...[work, beside],
    ...figures(ours),
    ...(peer ? figures(peer) : ['not measured', '', '', '']),
    ratio?.toFixed(2) ?? '',
    cpuRatio?.toFixed(2) ?? '',
  ]);
  const head = ['fit', 'beside', ...side, ...side.map((name) => `peer's ${name}`), 'ratio', 'CPU ratio'];
  return table([head, ...rows], { right: [2, 3, 4, 5, 6, 7, 8, 9, 10, 11] });
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
