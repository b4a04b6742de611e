import { createHash } from 'node:crypto';
import type { Answers } from '../compute/session.ts';
import type { RawBatch } from '../config/raw.ts';
import { Random } from '../learning/rng.ts';
import { combinePaths, drawPaths, mixturesOf, type Path } from '../learning/shapley.ts';
import type { ModelVersionRow, Signature } from '../store/types.ts';
import { listed, type Explanation } from './explanation.ts';
import { shortest } from './v2/floats.ts';

/** Mixtures of one row that the model is asked for. Of up to 26 columns all background rows are used. */
export const EVALUATIONS_PER_ROW = 1_000;

/**
 * Explains rows that a version has answered, by sampled Shapley values over its raw columns: of versions that are none of
 * sums over trees or weights. The same row gets the same
 * explanation from the same version, wherever it stands in a request.
 *
 * @param rows of the batch, in the order of the answers
 * @param background rows that the version is compared with, at least one
 * @param predict asks the version
 */
export async function explainSampled(
  model: Pick<ModelVersionRow, 'digest' | 'signature'>,
  batch: RawBatch,
  rows: readonly number[],
  answers: Answers,
  background: RawBatch,
  predict: (batch: RawBatch) => Promise<Answers>,
): Promise<Explanation[]> {
  const { signature } = model;
  const columns = signature.inputs.map(({ name }) => name);
  const backgroundAnswers = await predict(background);
  const explanations: Explanation[] = [];
  for (const [i, row] of rows.entries()) {
    const target = signature.task === 'multiclass' ? (answers.labels?.[i] ?? 0) : (signature.positive ?? 1);
    const paths = drawPaths(
      columns.length,
      background.rows,
      EVALUATIONS_PER_ROW,
      new Random(seedOf(model, batch, row)),
    );
    const score = shortest(scoreOf(answers, signature, target, i));
    const backgroundScores = scoresOf(backgroundAnswers, signature, target, background.rows);
    const mixtures = mix(paths, signature, batch, row, background);
    const mixtureScores =
      mixtures.rows === 0
        ? new Float64Array(0)
        : scoresOf(await predict(mixtures), signature, target, mixtures.rows);
    const { base, contributions } = combinePaths(paths, score, backgroundScores, mixtureScores);
    explanations.push({
      method: 'sampled',
      explained: signature.task === 'regression' ? 'value' : 'probability',
      score,
      of: signature.classes?.[target],
      base,
      contributions: listed(signature, batch, row, contributions),
    });
  }
  return explanations;
}

/** All mixtures of all paths: a column stands at the explained row's value from its step on. */
function mix(
  paths: readonly Path[],
  { inputs }: Signature,
  batch: RawBatch,
  row: number,
  background: RawBatch,
): RawBatch {
  const between = mixturesOf(inputs.length);
  const rows = paths.length * between;
  const mixed = Object.create(null) as RawBatch['columns'];
  inputs.forEach(({ name, type }, column) => {
    const own = batch.columns[name][row];
    const others = background.columns[name];
    const values: (number | string)[] = new Array<number | string>(rows);
    paths.forEach(({ background: from, order }, p) => {
      const step = order.indexOf(column);
      for (let k = 0; k < between; k++) values[p * between + k] = k >= step ? own : others[from];
    });
    mixed[name] = type === 'string' ? (values as string[]) : Float64Array.from(values as number[]);
  });
  return { rows, columns: mixed };
}

function scoreOf(
  { prediction, probabilities }: Answers,
  signature: Signature,
  target: number,
  row: number,
): number {
  if (prediction) return prediction[row];
  return probabilities?.[row * (signature.classes?.length ?? 2) + target] ?? NaN;
}

function scoresOf(answers: Answers, signature: Signature, target: number, rows: number): Float64Array {
  return Float64Array.from({ length: rows }, (_, row) => scoreOf(answers, signature, target, row));
}

/** 32 bits of what is asked: the version's bytes and the row's values. */
function seedOf(
  { digest, signature }: Pick<ModelVersionRow, 'digest' | 'signature'>,
  batch: RawBatch,
  row: number,
): number {
  const values = signature.inputs.map(({ name }) => String(batch.columns[name][row]));
  return createHash('sha256')
    .update(JSON.stringify([digest, ...values]))
    .digest()
    .readUInt32LE();
}
