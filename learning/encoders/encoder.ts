import type { ColumnProfile } from '../../decisions/profile.ts';
import type { GraphBuilder } from '../onnx/graph.ts';
import type { BlockOf, EncoderKind, RawColumnType } from './fitted.ts';
import type { RawInputs } from './inputs.ts';
import type { Feature } from './spec.ts';

export type FeatureOf<K extends Feature['kind']> = Extract<Feature, { kind: K }>;

/** One kind of feature: how it is fitted, what its columns are called and which nodes it becomes. */
export interface Encoder<K extends EncoderKind> {
  /** Types of columns that it can read. */
  readonly accepts: readonly RawColumnType[];
  /**
   * @param columns the feature's columns, each with at least one value that is there
   * @throws RangeError naming a column that cannot be encoded so
   */
  fit(feature: FeatureOf<K>, columns: TrainingColumn[]): BlockOf<K>[];
  /** Names of the block's output columns, in order. */
  names(block: BlockOf<K>): string[];
  /** Adds the block to the graph and returns a float32 tensor [N, names(block).length], finite but for the gaps that are left. */
  compile(block: BlockOf<K>, graph: GraphBuilder, inputs: RawInputs): string;
}

/** What an encoder learns from. */
export interface TrainingColumn {
  profile: ColumnProfile & { type: RawColumnType };
  /** What a declared `impute` puts in place of a missing value. */
  imputed?: number | string;
  /** A declared `impute` leaves missing numbers missing. */
  keepsGaps?: true;
}
