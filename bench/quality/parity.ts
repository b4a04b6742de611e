import { compareAnswers, PARITY_TOLERANCE, type Golden } from '../../compute/parity.ts';
import { encodeGolden } from '../../compute/parityGolden.ts';
import type { ComputePool } from '../../compute/pool.ts';
import { withSession } from '../../compute/session.ts';
import { assembleModel } from '../../learning/onnx/assemble.ts';
import { deriveSeed } from '../../learning/rng.ts';
import { encodeAll, encodeSeed, materialize } from './encoded.ts';
import { learnerOf } from './ours.ts';
import type { QualitySet } from './sets.ts';

export interface ParityLine {
  set: string;
  learner: string;
  /** Learned from. */
  fitted: number;
  /** Compared: all that the set has. */
  rows: number;
  /** Labels that differ. */
  flips: number;
  /** Largest difference, as `compareAnswers` has it. */
  maxDifference: number;
  ok: boolean;
}

/** Neighbours compare a slice with all rows that they learned from, in 64 bits. */
const SLICE_ROWS = 1_024;
const SEED = 1;

/**
 * Fits each learner on the sample of the first seed, and compares what it answers with what ONNX Runtime answers for the
 * same model on every row of the set: those learned from, those left out and the hold-out, from raw columns to answers.
 */
export async function checkAllRows(
  name: string,
  set: QualitySet,
  learners: readonly string[],
  folders: { data: string; scratch: string },
  pool: ComputePool,
): Promise<ParityLine[]> {
  const definition = set.define(folders);
  const where = { path: await materialize(definition, folders.scratch), scratch: folders.scratch, pool };
  const { facts, problem } = await encodeSeed(definition, SEED, where);
  const sides = await encodeAll(definition, SEED, facts, where);
  const lines: ParityLine[] = [];
  for (const learner of learners.map(learnerOf)) {
    if (!learner.tasks.includes(problem.task)) continue;
    const params = learner.params.parse({});
    const few = learner.refuses?.(problem, params) === undefined ? problem : firstRows(problem);
    const seed = deriveSeed(SEED, 'refit');
    const model = await pool.fit({ problem: few, learner: learner.name, params, seed });
    const metadata: Record<string, string> = facts.classes ? { classes: JSON.stringify(facts.classes) } : {};
    const line = { set: name, learner: learner.name, fitted: few.train.length, rows: 0, flips: 0 };
    const whole: ParityLine = { ...line, maxDifference: 0, ok: true };
    await withSession(assembleModel(facts.encoders, learner, model, metadata), async (session) => {
      for (const { rows, x, raw } of sides) {
        const own = learner.predict(model, x, facts.columns);
        const answers = await session.predict(raw, { sliceRows: SLICE_ROWS });
        const golden = JSON.parse(
          new TextDecoder().decode(encodeGolden({ rows, columns: {} }, own, facts.task)),
        ) as Golden;
        const report = compareAnswers(answers, golden, PARITY_TOLERANCE);
        whole.rows += report.rows;
        whole.flips += report.flips;
        whole.maxDifference = Math.max(whole.maxDifference, report.maxDifference);
        whole.ok &&= report.ok;
      }
    });
    console.error(
      `${name}, ${learner.name}: ${whole.rows} rows, ${whole.flips} labels differ, ${whole.maxDifference}`,
    );
    lines.push(whole);
  }
  return lines;
}

/** What a learner of small data takes. */
const FEW_ROWS = 1_000;

function firstRows<T extends { train: Int32Array }>(problem: T): T {
  return { ...problem, train: problem.train.subarray(0, FEW_ROWS) };
}
