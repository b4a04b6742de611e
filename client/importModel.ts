import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { AdoptedModel } from '../compute/foreign/adopt.ts';
import type { ForeignAnswers } from '../compute/foreign/answers.ts';
import { MAX_MODEL_BYTES } from '../compute/foreign/limits.ts';
import { openForeign, type Expected } from '../compute/foreign/open.ts';
import { codeLineage } from '../compute/lineage.ts';
import { PerennialError } from '../config/errors.ts';
import { parseForeignSignature, type ForeignSignature } from '../config/foreignSignature.ts';
import { readFileBatches } from '../sources/readFile.ts';
import type { ImportedFrom, Signature, Store } from '../store/types.ts';
import { outputColumns, probabilityOf } from './predictFile.ts';
import { makeScratch } from './scratch.ts';

export interface ImportOptions {
  /** Of the lifecycle that the version belongs to; it need not be there yet. */
  name: string;
  /** The raw columns and what is predicted, or the path of a JSON file that says it. */
  signature: ForeignSignature | string;
  /** A CSV, Parquet or JSON file of rows with the answers that the model gave where it came from, as `predict` writes them. */
  expect?: string;
  /** Of probabilities and, relatively, of values; default 1e-5. */
  tolerance?: number;
  /** Who imports it; stands in the audit. */
  by: string;
  signal?: AbortSignal;
}

export interface ImportedModel {
  name: string;
  version: number;
  digest: string;
  /** The same file and signature had been imported before. */
  existing: boolean;
  /** The first version of a name serves at once. */
  champion: boolean;
  compared?: ImportedFrom['compared'];
}

/**
 * Registers an ONNX file that was trained elsewhere. It is inspected, opened in a process of its own, and kept with what
 * it answers; what is registered is a graph with this project's inputs and outputs around its own.
 *
 * @throws PerennialError INVALID_INPUT where the file or the signature is refused, PARITY_FAILED where it answers otherwise
 *   than expected
 */
export async function importModel(
  store: Store,
  path: string,
  options: ImportOptions,
): Promise<ImportedModel> {
  const { name, by, tolerance, signal, expect } = options;
  const signature =
    typeof options.signature === 'string'
      ? await readSignature(options.signature)
      : parseForeignSignature(options.signature);
  const file = await readModel(path);
  const digest = createHash('sha256').update(file).digest('hex');
  const opened = await openForeign(file, signature, {
    ...{ tolerance, signal, metadata: { learner: 'imported', imported: digest } },
    ...(expect === undefined
      ? {}
      : { expected: (adopted: AdoptedModel) => readExpected(expect, signature, adopted.answers) }),
  });
  const { answers, outline, compared } = opened;
  const put = (bytes: Uint8Array, kind: string, type: string) =>
    store.artifacts.put(bytes, kind, type, { signal });
  await put(file, 'imported', 'application/onnx');
  const model = await put(opened.bytes, 'model', 'application/onnx');
  const golden = await put(opened.golden, 'golden', 'application/json');
  const registered = await store.registry.import({
    ...{
      name,
      digest: model.digest,
      goldenDigest: golden.digest,
      signature: signatureOf(signature, answers),
    },
    ...{ learner: 'imported', params: {}, metrics: {}, code: await codeLineage() },
    imported: {
      ...{ file: digest, fileName: basename(path), bytes: file.length },
      ...{ producer: outline.producer, opsets: outline.opsets, ...(compared ? { compared } : {}), by },
    },
  });
  return { name, digest: model.digest, ...registered, ...(compared ? { compared } : {}) };
}

async function readModel(path: string): Promise<Uint8Array> {
  const found = await stat(path).catch((cause: unknown) => {
    throw unreadable('file', path, 'an ONNX file', cause);
  });
  if (!found.isFile()) throw unreadable('file', path, 'an ONNX file, not a folder');
  if (found.size > MAX_MODEL_BYTES)
    throw unreadable('file', path, `at most ${MAX_MODEL_BYTES} bytes; it has ${found.size}`);
  return new Uint8Array(await readFile(path));
}

async function readSignature(path: string): Promise<ForeignSignature> {
  const expected = 'a JSON file such as {"target": "y", "inputs": [{"name": "x", "columnType": "number"}]}';
  let parsed: unknown;
  try {
    parsed = JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    throw unreadable('--signature', path, expected, cause);
  }
  return parseForeignSignature(parsed);
}

/** A row more than this says nothing new of a model, and each is kept. */
const MAX_EXPECTED_ROWS = 1_000;

/** The first rows of a file with the columns that `predict` writes. */
async function readExpected(
  path: string,
  { inputs }: ForeignSignature,
  answers: ForeignAnswers,
): Promise<Expected> {
  const columns = inputs.map(({ name, columnType }) => ({ name, type: columnType }));
  const answered = outputColumns(answers.task === 'regression' ? {} : answers);
  const scratch = await makeScratch('import');
  try {
    const wanted = [...columns, ...answered];
    const options = { scratch: scratch.path, batchRows: MAX_EXPECTED_ROWS };
    for await (const batch of readFileBatches(path, wanted, options)) {
      const part = Object.fromEntries(columns.map(({ name }) => [name, batch.columns[name]]));
      return {
        batch: { rows: batch.rows, columns: part },
        outputs: outputsOf(batch.columns, batch.rows, answers),
      };
    }
  } finally {
    await scratch.remove();
  }
  throw unreadable('--expect', path, 'a file with rows');
}

function outputsOf(
  columns: Record<string, Float64Array | string[]>,
  rows: number,
  answers: ForeignAnswers,
): Expected['outputs'] {
  const { prediction } = columns;
  if (answers.task === 'regression') return { prediction: Array.from(prediction as Float64Array) };
  const { classes } = answers;
  const indexOf = new Map(classes.map((each, k) => [typeof each === 'string' ? each : Number(each), k]));
  const label = Array.from(prediction as ArrayLike<string | number>, (value, row) => {
    const index = indexOf.get(value);
    if (index !== undefined) return index;
    throw new PerennialError(
      'INVALID_INPUT',
      `The prediction of row ${row + 1} of the expected answers is ${JSON.stringify(value)}, which is no class of the model.`,
      { field: '--expect', value, expected: classes.map((each) => JSON.stringify(each)).join(', ') },
    );
  });
  const shares = classes.map((each) => columns[probabilityOf(each)] as Float64Array);
  return {
    label,
    probabilities: Array.from({ length: rows }, (_, row) => shares.map((share) => share[row])),
  };
}

function signatureOf({ inputs, target }: ForeignSignature, answers: ForeignAnswers): Signature {
  const columns: Signature['inputs'] = inputs.map(({ name, columnType }) => ({
    ...{ name, type: columnType === 'string' ? 'string' : 'double', columnType, shape: ['N', 1] },
  }));
  const features = inputs.map(({ name }) => name);
  if (answers.task === 'regression') {
    const outputs: Signature['outputs'] = [{ name: 'prediction', type: 'float', shape: ['N'] }];
    return { inputs: columns, outputs, task: answers.task, target, features };
  }
  const { task, classes, positive } = answers;
  return {
    inputs: columns,
    outputs: [
      { name: 'label', type: 'int64', shape: ['N'] },
      { name: 'probabilities', type: 'float', shape: ['N', classes.length] },
    ],
    ...{ task, target, classes, features },
    ...(positive === undefined ? {} : { positive }),
  };
}

function unreadable(field: string, path: string, expected: string, cause?: unknown): PerennialError {
  return new PerennialError('INVALID_INPUT', `${path} cannot be read; expected ${expected}.`, {
    field,
    value: path,
    expected,
    cause,
  });
}
