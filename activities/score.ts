import type { Answers, ModelSession } from '../compute/session.ts';
import { PerennialError } from '../config/errors.ts';
import type { Definition } from '../config/definition.ts';
import type { RawBatch } from '../config/raw.ts';
import type { Selection, Table } from '../sources/table.ts';
import type { FeatureFacts } from './features.ts';
import { concatenate } from './matrix.ts';
import { targetReader } from './target.ts';

export interface HoldOut {
  table: Table;
  definition: Definition;
  facts: Pick<FeatureFacts, 'classes'>;
  limit?: number;
  /** Only rows that are newer. */
  after?: Selection['after'];
  signal: AbortSignal;
  /** Keeps the raw columns too. */
  keepRaw?: boolean;
}

export interface Scored {
  /** Class indices or values. */
  y: Float64Array;
  /** [rows, classes] probabilities, or [rows] values. */
  predictions: Float64Array;
  raw: RawBatch;
}

const BATCH_ROWS = 65_536;

/** Predicts the hold-out's rows, in the order of their sample hash, with a model's own inputs. */
export async function scoreHoldOut(session: ModelSession, holdOut: HoldOut): Promise<Scored> {
  const { table, definition, facts, limit, after, signal } = holdOut;
  const toTarget = targetReader(definition.target, facts.classes);
  const inputs = session.inputs.map((input) => input.name);
  const targets: Float64Array[] = [];
  const answers: Float64Array[] = [];
  const kept: RawBatch[] = [];
  const wanted = {
    columns: [...inputs, definition.target],
    side: 'test' as const,
    limit,
    after,
    batchRows: BATCH_ROWS,
  };
  for await (const batch of table.read(wanted, { signal })) {
    targets.push(toTarget(batch));
    answers.push(predictionsOf(await session.predict(batch, { signal })));
    if (holdOut.keepRaw) kept.push(batch);
  }
  return { y: join(targets), predictions: join(answers), raw: concatenate(kept, inputs) };
}

export function predictionsOf({ probabilities, prediction }: Answers): Float64Array {
  const values = probabilities ?? prediction;
  if (!values)
    throw new PerennialError('INTERNAL', 'The model answers neither probabilities nor a prediction.');
  return Float64Array.from(values);
}

function join(parts: Float64Array[]): Float64Array {
  const whole = new Float64Array(parts.reduce((n, part) => n + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
