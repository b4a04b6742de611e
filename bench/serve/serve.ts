import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { startAll, type Contestant, type Field } from './contestants.ts';
import { makeBed } from './gateways.ts';
import { CONNECTIONS, drive, type Measured } from './load.ts';
import { COLUMNS, MAX_DEPTH, TREES } from './model.ts';
import { compare, resultTable } from './report.ts';
import { COMPARISONS, WORKS, type ContestantId, type Work } from './works.ts';

export interface ServeOptions {
  json?: string;
  peerPython: string[];
  /** Seconds. */
  duration: number;
  rounds: number;
  only?: string[];
}

const WARM_UP_SECONDS = 3;

/** Measures the gateway beside what people use, prints the table and writes the figures. */
export async function benchServe(options: ServeOptions): Promise<void> {
  const works = worksOf(options.only);
  const bed = await makeBed();
  const progress = (message: string) => console.error(message);
  try {
    const field = await startAll(bed, works, options.peerPython, progress);
    const measured = await measure(field.contestants, options, progress);
    const results = compare(
      COMPARISONS.filter(({ work }) => works.includes(work)),
      measured,
    );
    const facts = factsOf(field, options);
    console.log(`\n${resultTable(results)}\n`);
    for (const fact of Object.values(facts).flat()) console.log(`  ${fact}`);
    if (options.json) {
      const rounds = Object.fromEntries(measured);
      writeFileSync(options.json, `${JSON.stringify({ ...facts, results, rounds }, undefined, 2)}\n`);
    }
  } finally {
    await bed.close();
  }
}

/** Round by round, so that what else the machine does meets all of them; every other round the other way about. */
async function measure(
  contestants: readonly Contestant[],
  { duration, rounds }: ServeOptions,
  progress: (message: string) => void,
): Promise<Map<ContestantId, Measured[]>> {
  const measured = new Map<ContestantId, Measured[]>();
  for (let round = 0; round <= rounds; round++) {
    for (const contestant of round % 2 ? contestants : contestants.toReversed()) {
      const { id, beside } = contestant;
      // What stands beside it has its time in what is measured, and not before.
      const end = round === 0 ? undefined : await beside?.();
      const figures = await drive(contestant, round === 0 ? WARM_UP_SECONDS : duration).finally(() =>
        end?.(),
      );
      const told = `${figures.requestsPerSecond.toFixed(0)} requests/s, p99 ${figures.p99Ms.toFixed(2)} ms`;
      progress(`${round === 0 ? 'warm-up' : `round ${round}`}: ${id} ${told}`);
      if (round > 0) measured.set(id, [...(measured.get(id) ?? []), figures]);
    }
  }
  return measured;
}

function factsOf({ peers, modelBytes }: Field, { duration, rounds }: ServeOptions) {
  const [{ model }] = cpus();
  return {
    command: `npm run bench -- ${process.argv.slice(2).join(' ')}`,
    machine: `${cpus().length} x ${model}, Node ${process.version}; server, peer, database and load generator share them`,
    load: `autocannon, ${CONNECTIONS} connections; medians of ${rounds} interleaved rounds of ${duration} s`,
    model: `forest of ${TREES} trees of depth ${MAX_DEPTH} over ${COLUMNS} numeric columns, ${(modelBytes / 2 ** 20).toFixed(1)} MiB of ONNX`,
    peers: Object.entries(peers).map(([name, versions]) => `${name}: ${versions}`),
  };
}

function worksOf(only: readonly string[] | undefined): readonly Work[] {
  if (!only) return WORKS;
  const unknown = only.find((work) => !WORKS.includes(work as Work));
  if (unknown !== undefined) throw new Error(`--only ${unknown}: expected some of ${WORKS.join(', ')}`);
  return only as Work[];
}
