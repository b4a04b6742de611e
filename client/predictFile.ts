import { resolve } from 'node:path';
import { openSession, type Answers, type ModelSession } from '../compute/session.ts';
import { PerennialError } from '../config/errors.ts';
import type { RawBatch, RawType } from '../config/raw.ts';
import { attach } from '../sources/attach.ts';
import { describe } from '../sources/describe.ts';
import { openEngine } from '../sources/engine.ts';
import { fileSource } from '../sources/fileKind.ts';
import { quoteName } from '../sources/quote.ts';
import { readFileBatches } from '../sources/readFile.ts';
import { writeRows } from '../sources/writeFile.ts';
import type { Signature } from '../store/types.ts';
import { makeScratch } from './scratch.ts';

/**
 * Scores a CSV, Parquet or JSON file into another: the input's columns as they stand, `prediction`, and for
 * classification `probability_<class>`. Rows stream through the model; the output appears whole or not at all.
 *
 * @returns the number of rows
 * @throws PerennialError UNKNOWN_COLUMN where the input lacks a column of the model, INVALID_INPUT naming row and value,
 *   or a column of the input that is called as one that is written
 */
export async function predictFile(
  model: Uint8Array,
  signature: Signature,
  files: { input: string; output: string },
): Promise<number> {
  const { input, output } = files;
  if (resolve(input) === resolve(output)) {
    throw new PerennialError('INVALID_INPUT', `${output} is the input itself; it is not written over.`, {
      field: '--output',
      value: output,
      expected: 'another file than the input',
    });
  }
  const columns = signature.inputs.map(({ name, columnType }) => ({ name, type: columnType }));
  const written = outputColumns(signature);
  const scratch = await makeScratch('predict');
  let session: ModelSession | undefined;
  try {
    await refuseTaken(input, written, scratch.path);
    session = await openSession(model);
    const batches = scored(session, readFileBatches(input, columns, { scratch: scratch.path }), signature);
    const { rows } = await writeRows(output, written, batches, { scratch: scratch.path, beside: input });
    return rows;
  } finally {
    await session?.release();
    await scratch.remove();
  }
}

/** One of the two would be lost; DuckDB tells no capitals from small letters. */
async function refuseTaken(
  input: string,
  written: readonly { name: string }[],
  scratch: string,
): Promise<void> {
  const names = new Set(written.map(({ name }) => name.toLowerCase()));
  const taken = (await namesIn(input, scratch)).find((name) => names.has(name.toLowerCase()));
  if (taken === undefined) return;
  throw new PerennialError(
    'INVALID_INPUT',
    `${input} has a column "${taken}", which the predictions would take the place of; nothing was written.`,
    { field: '--input', value: taken, expected: `a file without ${taken}, or with another name for it` },
  );
}

async function namesIn(input: string, scratch: string): Promise<string[]> {
  const source = await fileSource(input);
  const engine = await openEngine({ scratch });
  try {
    await attach(engine, source, false, {});
    return (await describe(engine, quoteName(source.name))).map(({ name }) => name);
  } finally {
    await engine.close();
  }
}

async function* scored(
  session: ModelSession,
  batches: AsyncIterable<RawBatch>,
  signature: Signature,
): AsyncGenerator<RawBatch> {
  for await (const batch of batches)
    yield { rows: batch.rows, columns: answerColumns(await session.predict(batch), signature) };
}

/** The columns that are written beside the input's. */
export function outputColumns({ classes }: Pick<Signature, 'classes'>): { name: string; type: RawType }[] {
  if (!classes) return [{ name: 'prediction', type: 'number' }];
  const type = typeof classes[0];
  return [
    { name: 'prediction', type: type === 'boolean' || type === 'number' ? type : 'string' },
    ...classes.map((each) => ({ name: probabilityOf(each), type: 'number' as const })),
  ];
}

function answerColumns(
  { labels, probabilities, prediction }: Answers,
  { classes }: Signature,
): RawBatch['columns'] {
  if (!classes || !labels || !probabilities) return { prediction: Float64Array.from(prediction ?? []) };
  const values = classes.map((each) => (typeof each === 'string' ? each : Number(each)));
  const predicted =
    typeof classes[0] === 'string'
      ? Array.from(labels, (label) => String(values[label]))
      : Float64Array.from(labels, (label) => Number(values[label]));
  const columns: RawBatch['columns'] = { prediction: predicted };
  classes.forEach((each, k) => {
    columns[probabilityOf(each)] = Float64Array.from(labels, (_, row) =>
      shortest(probabilities[row * classes.length + k] ?? NaN),
    );
  });
  return columns;
}

export function probabilityOf(value: string | number | boolean): string {
  return `probability_${String(value)}`;
}

/** A float32 as people write it: 0.1, not 0.10000000149011612. Nine digits tell every float32 from its neighbours. */
function shortest(value: number): number {
  for (const digits of [6, 7, 8]) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return Number(value.toPrecision(9));
}
