import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { RawBatch } from '../config/raw.ts';
import type { ModelVersionRow } from '../store/types.ts';
import { compileAnswerWriter, type AnswerWriter } from './answerWriter.ts';
import type { Explain } from './explain.ts';
import type { Explanation } from './explanation.ts';
import { readVersion, type ModelAddress } from './modelAddress.ts';
import { readPredictBody } from './predictBody.ts';
import { compileRowReader, type RowReader } from './rowReader.ts';
import type { GatewayLimits, Inference, InferPart } from './types.ts';

/** `POST /models/:name/predict` and the same of a named version: the plain form of asking. */
export function addPredict(
  server: FastifyInstance,
  {
    inference,
    limits,
    explain: explainAll,
  }: { inference: Inference; limits: GatewayLimits; explain: Explain },
): void {
  const readerOf = rememberReaders(limits.maxTextBytes);
  const writerOf = rememberWriters();

  async function predict(request: FastifyRequest<{ Params: ModelAddress }>): Promise<string> {
    const { name } = request.params;
    const version = readVersion(request.params.version);
    const versions = await inference.answering(name, version);
    const { rows, keys, explain, fieldOf } = readPredictBody(request.body, limits);
    const batch = readerOf(versions)(rows, fieldOf);
    const parts = await inference.infer({
      name,
      version,
      requestId: request.id,
      keys,
      batch,
      receivedMs: request.receivedMs,
      // An abort controller costs more than one row does.
      signal: rows.length > 100 ? request.signal : undefined,
    });
    const explanations = explain ? await explainParts(parts, batch, request.signal) : undefined;
    const predictions = writePredictions(parts, rows.length, writerOf, explanations);
    return `{"model":${JSON.stringify(name)},"requestId":"${request.id}","predictions":[${predictions}]}`;
  }

  /** By row of the request. */
  async function explainParts(
    parts: readonly InferPart[],
    batch: RawBatch,
    signal: AbortSignal,
  ): Promise<Explanation[]> {
    const byRow = new Array<Explanation>(batch.rows);
    const questions = parts.map(({ model, answers, rowIndexes }) => ({
      ...{ model, answers, batch },
      rows: rowIndexes ?? Array.from({ length: batch.rows }, (_, i) => i),
    }));
    const explained = await explainAll(questions, signal);
    questions.forEach(({ rows }, q) => rows.forEach((row, i) => (byRow[row] = explained[q][i])));
    return byRow;
  }

  const options = { config: { role: 'predict' } } as const;
  for (const url of ['/models/:name/predict', '/models/:name/versions/:version/predict']) {
    server.post<{ Params: ModelAddress }>(url, options, async (request, reply) => {
      const answer = await predict(request);
      return reply.type('application/json; charset=utf-8').send(answer);
    });
  }
}

function writePredictions(
  parts: readonly InferPart[],
  rows: number,
  writerOf: (model: ModelVersionRow) => AnswerWriter,
  explanations: readonly Explanation[] | undefined,
): string {
  const [only] = parts;
  if (parts.length === 1 && only.rowIndexes === undefined) {
    const write = writerOf(only.model);
    let text = '';
    for (let row = 0; row < rows; row++) {
      text += (row === 0 ? '' : ',') + write(only.answers, row, only.arm) + closing(explanations, row);
    }
    return text;
  }
  const byRow = new Array<string>(rows);
  for (const { model, rowIndexes, answers, arm } of parts) {
    const write = writerOf(model);
    rowIndexes?.forEach((row, i) => (byRow[row] = write(answers, i, arm) + closing(explanations, row)));
  }
  return byRow.join(',');
}

/** What ends a row's answer. */
function closing(explanations: readonly Explanation[] | undefined, row: number): string {
  return explanations === undefined ? '}' : `,"explanation":${JSON.stringify(explanations[row])}}`;
}

/** One reader for each set of versions, for as long as somebody holds the first of them. */
function rememberReaders(maxTextBytes: number): (versions: readonly ModelVersionRow[]) => RowReader {
  const readers = new WeakMap<ModelVersionRow, { versions: readonly ModelVersionRow[]; read: RowReader }>();
  return (versions) => {
    const known = readers.get(versions[0]);
    if (
      known &&
      known.versions.length === versions.length &&
      known.versions.every((v, i) => v === versions[i])
    ) {
      return known.read;
    }
    const read = compileRowReader(versions, maxTextBytes);
    readers.set(versions[0], { versions, read });
    return read;
  };
}

function rememberWriters(): (model: ModelVersionRow) => AnswerWriter {
  const writers = new WeakMap<ModelVersionRow, AnswerWriter>();
  return (model) => {
    let write = writers.get(model);
    if (write === undefined) writers.set(model, (write = compileAnswerWriter(model)));
    return write;
  };
}
