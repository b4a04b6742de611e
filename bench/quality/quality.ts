import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPool, type ComputePool } from '../../compute/pool.ts';
import type { MetricName } from '../../learning/metrics/names.ts';
import { encodeSeed, materialize } from './encoded.ts';
import { GOLDEN, keepGolden, keptScores, readGolden, type PeerScores } from './golden.ts';
import { betterOf, learnerOf, scoreOurs } from './ours.ts';
import { checkAllRows, type ParityLine } from './parity.ts';
import { startQualityPeer, type QualityPeer } from './peer.ts';
import { parityTable, qualityTable } from './report.ts';
import { compareScores, type Comparison } from './rule.ts';
import { MAX_ROWS, QUALITY_SETS, type QualitySet } from './sets.ts';

export interface QualityOptions {
  data: string;
  set: string[];
  learner: string[];
  seeds: number;
  threads: number;
  /** Absent: the peers' scores are those that test/golden/quality.json keeps. */
  peerPython?: string;
  /** Keeps the peers' scores there. */
  golden?: string | true;
  /** ONNX Runtime's answers on every row instead of scores. */
  parity?: true;
  json?: string;
}

export interface QualityLine extends Comparison {
  set: string;
  learner: string;
  metric: MetricName;
  seeds: number;
  folds: number;
  /** Of the processor, for all seeds; absent where the peer's scores are kept ones. */
  cpuSeconds: { ours: number; theirs?: number };
}

interface Folders {
  data: string;
  scratch: string;
}

/** Learners beside scikit-learn and LightGBM on the same encoded rows and folds: prints the table, writes the figures. */
export async function benchQuality(options: QualityOptions): Promise<void> {
  const scratch = mkdtempSync(join(tmpdir(), 'perennial-quality-'));
  const pool = createPool({ threads: options.threads });
  const peer = options.peerPython ? await startQualityPeer(options.peerPython, scratch) : undefined;
  const facts = {
    command: `npm run bench -- ${process.argv.slice(2).join(' ')}`,
    rows: `at most ${MAX_ROWS} a seed and set`,
    peer: peer?.versions ?? `as ${GOLDEN.replace(/^.*\/test\//, 'test/')} keeps it: ${readGolden().versions}`,
  };
  const lines: QualityLine[] = [];
  const parities: ParityLine[] = [];
  try {
    for (const name of options.set) {
      const set = QUALITY_SETS[name];
      if (set.needs !== undefined && !existsSync(join(options.data, set.needs))) {
        console.error(`${name}: left out, there is no ${join(options.data, set.needs)}`);
        continue;
      }
      const folders = { data: options.data, scratch };
      if (options.parity) parities.push(...(await checkAllRows(name, set, options.learner, folders, pool)));
      else lines.push(...(await measureSet(name, set, options, folders, pool, peer)));
      if (options.json) {
        const results = options.parity ? parities : lines;
        writeFileSync(options.json, `${JSON.stringify({ ...facts, results }, undefined, 2)}\n`);
      }
    }
  } finally {
    peer?.close();
    await pool.close();
    rmSync(scratch, { recursive: true });
  }
  console.log(`\n${options.parity ? parityTable(parities) : qualityTable(lines)}\n`);
  for (const fact of Object.values(facts)) console.log(`  ${fact}`);
}

async function measureSet(
  name: string,
  set: QualitySet,
  { learner: wanted, seeds, golden: keep }: QualityOptions,
  folders: Folders,
  pool: ComputePool,
  peer: QualityPeer | undefined,
): Promise<QualityLine[]> {
  const definition = set.define(folders);
  const path = await materialize(definition, folders.scratch);
  const golden = readGolden();
  const found: PeerScores = { digests: [], scores: {} };
  const own: PeerScores['scores'] = {};
  const cpu: Record<string, { ours: number; theirs: number }> = {};
  for (let seed = 1; seed <= seeds; seed++) {
    const encoded = await encodeSeed(definition, seed, { path, scratch: folders.scratch, pool });
    found.digests.push(encoded.digest);
    peer?.show(encoded);
    for (const learner of wanted) {
      if (!learnerOf(learner).tasks.includes(encoded.problem.task)) continue;
      const kept = peer ? undefined : keptScores(golden, name, learner, seed, encoded.digest);
      if (!peer && !kept) {
        console.error(`${name}, ${learner}, seed ${seed}: no scores of the peer are kept (--peer-python)`);
        continue;
      }
      // Side by side: it is scores that are compared, and seconds of the processor.
      const [ours, theirs] = await Promise.all([
        scoreOurs(pool, encoded, learner, seed),
        peer?.score(learner, seed) ?? { scores: kept ?? {}, seconds: 0 },
      ]);
      append(own, learner, ours.scores);
      append(found.scores, learner, theirs.scores);
      const spent = (cpu[learner] ??= { ours: 0, theirs: 0 });
      spent.ours += ours.seconds;
      spent.theirs += theirs.seconds;
      console.error(
        `${name}, seed ${seed} of ${seeds}, ${encoded.problem.rows} x ${encoded.problem.columns}, ${learner}: ours ${ours.seconds.toFixed(1)} s of CPU, peer ${theirs.seconds.toFixed(1)} s`,
      );
    }
  }
  if (keep && peer) keepGolden(keep === true ? GOLDEN : keep, peer.versions, name, found);
  return Object.entries(own).flatMap(([learner, scores]) =>
    Object.entries(scores).map(([metric, ours]): QualityLine => {
      const named = metric as MetricName;
      return {
        ...{ set: name, learner, metric: named, seeds: ours.length, folds: ours[0].length },
        ...compareScores(ours, found.scores[learner][metric], betterOf(named)),
        cpuSeconds: { ours: cpu[learner].ours, ...(peer ? { theirs: cpu[learner].theirs } : {}) },
      };
    }),
  );
}

function append(to: PeerScores['scores'], learner: string, scores: Record<string, number[]>): void {
  const of = (to[learner] ??= {});
  for (const [metric, folds] of Object.entries(scores)) (of[metric] ??= []).push(folds);
}
