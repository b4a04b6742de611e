import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { COLUMNS, makeSamples, REFERENCE_ROWS, WINDOW_ROWS, writeSamples, type Samples } from './data.ts';
import { compareOurs } from './ours.ts';
import { PEERS, startPeer, type Compared, type Peer, type PeerName } from './peers.ts';
import { compareRounds, driftTable } from './report.ts';

export interface DriftOptions {
  json?: string;
  peerPython: string[];
  rounds: number;
}

const NAMES = Object.keys(PEERS) as PeerName[];

/**
 * Compares windows with a reference beside what people use, prints the table and writes the figures.
 *
 * @throws where our p are not scipy's: then the times compare different work
 */
export async function benchDrift({ json, peerPython, rounds }: DriftOptions): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'perennial-drift-'));
  const peers = new Map<PeerName, Peer>();
  try {
    const samples = makeSamples();
    writeSamples(samples, folder);
    for (const name of NAMES) {
      console.error(`starting ${PEERS[name]}`);
      const peer = await startPeer(name, peerPython, folder);
      if (peer) peers.set(name, peer);
    }
    const measured = await measure(samples, peers, rounds);
    const lines = WINDOW_ROWS.flatMap((rows) => {
      const work = `${COLUMNS} columns, ${plain(REFERENCE_ROWS)} rows against ${plain(rows)}`;
      const ours = measured.get(`ours ${rows}`) ?? [];
      return NAMES.map((name) => compareRounds(work, PEERS[name], ours, measured.get(`${name} ${rows}`)));
    });
    const facts = {
      command: `npm run bench -- ${process.argv.slice(2).join(' ')}`,
      machine: `${cpus().length} x ${cpus()[0].model}, Node ${process.version}`,
      load: `medians of ${rounds} interleaved rounds after one to warm up; each sorts both sides; ours is KS, PSI, Jensen-Shannon and Wasserstein`,
      peers: [...peers].map(([name, { versions }]) => `${PEERS[name]}: ${versions}`),
    };
    console.log(`\n${driftTable(lines)}\n`);
    for (const fact of Object.values(facts).flat()) console.log(`  ${fact}`);
    if (json) {
      const file = { ...facts, lines, rounds: Object.fromEntries(measured) };
      writeFileSync(json, `${JSON.stringify(file, undefined, 2)}\n`);
    }
    const wrong = lines.find(({ against, pApart = 0 }) => against === PEERS.scipy && pApart > MAX_APART);
    if (wrong) throw new Error(`our p are not scipy's: ${wrong.work}, ${wrong.pApart} apart`);
  } finally {
    await Promise.all([...peers.values()].map((peer) => peer.close()));
    rmSync(folder, { recursive: true });
  }
}

/** Relative. */
const MAX_APART = 1e-9;

/** Round by round, so that what else the machine does meets all of them; every other round the other way about. */
async function measure(
  { reference, windows }: Samples,
  peers: ReadonlyMap<PeerName, Peer>,
  rounds: number,
): Promise<Map<string, Compared[]>> {
  const measured = new Map<string, Compared[]>();
  const works = [...windows].flatMap(([rows, window]) => [
    { id: `ours ${rows}`, compare: async () => compareOurs(reference, window) },
    ...[...peers].map(([name, peer]) => ({ id: `${name} ${rows}`, compare: () => peer.compare(rows) })),
  ]);
  for (let round = 0; round <= rounds; round++) {
    for (const { id, compare } of round % 2 ? works : works.toReversed()) {
      const compared = await compare();
      console.error(`${round === 0 ? 'warm-up' : `round ${round}`}: ${id} rows ${compared.ms.toFixed(1)} ms`);
      if (round > 0) measured.set(id, [...(measured.get(id) ?? []), compared]);
    }
  }
  return measured;
}

function plain(rows: number): string {
  return rows.toLocaleString('en-US');
}
