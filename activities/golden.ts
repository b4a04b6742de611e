import type { ModelSession } from '../compute/session.ts';
import type { Definition } from '../config/definition.ts';
import type { Table } from '../sources/table.ts';
import type { FeatureFacts } from './features.ts';
import { readMatrix, type Matrix } from './matrix.ts';

/** Of the hold-out, with the learner's own answers: compared before registration and at every load. */
const GOLDEN_ROWS = 1_000;

/** The rows that a model file is held against: raw, and as its learner reads them. */
export function readGolden(
  table: Table,
  { target }: Pick<Definition, 'target'>,
  facts: FeatureFacts,
  encoders: ModelSession,
  signal: AbortSignal,
): Promise<Matrix> {
  const limit = GOLDEN_ROWS;
  return readMatrix(table, { side: 'test', limit, facts, target, encoders, signal, keepRaw: true });
}
