import type { ColumnType } from '../../decisions/profile.ts';
import type { CyclicPart } from './spec.ts';

/** The types that a feature can be made of. */
export type RawColumnType = Exclude<ColumnType, 'other'>;

/**
 * Encoders fitted on training rows: plain JSON, all numbers finite. Compiled by `compileEncoders`.
 */
export interface FittedEncoders {
  /** The raw columns that the graph reads, and no others, in order of first use. */
  inputs: { name: string; columnType: RawColumnType }[];
  /** In order of the definition; the columns of their outputs stand side by side. */
  blocks: FittedBlock[];
  /** Names of the output columns, for example `distance`, `weekday=3`, `scheduled_at_hour_sin`; no two are equal. */
  features: string[];
  /** Columns that `features: auto` left out, and why. */
  dropped: { column: string; reason: string }[];
}

/** What is read in place of a missing value; null: it stays missing, and the feature is NaN. */
export type Fill = number | null;

/** Arrays of numbers run along `columns`. */
export type FittedBlock =
  | { kind: 'passthrough'; columns: string[]; fill: Fill[] }
  /** A `std` of 0 marks a constant column. */
  | { kind: 'standardize'; columns: string[]; fill: Fill[]; mean: number[]; std: number[] }
  /** A `range` of 0 marks a constant column. */
  | { kind: 'minMax'; columns: string[]; fill: Fill[]; min: number[]; range: number[] }
  /** `mean` and `std` of the logarithms where they are standardised. */
  | {
      kind: 'log';
      columns: string[];
      fill: Fill[];
      offset: number;
      scale?: { mean: number[]; std: number[] };
    }
  | { kind: 'bucket'; column: string; fill: Fill; edges: number[] }
  /** Epoch milliseconds in place of a missing time, or null: then sine and cosine are 0. */
  | { kind: 'cyclic'; columns: string[]; part: CyclicPart; fill: (number | null)[] }
  | ({ kind: 'oneHot' } & FittedCategories)
  | ({ kind: 'ordinal' } & FittedCategories)
  /** Share of the training rows by category, 0..1. */
  | ({ kind: 'frequency'; shares: number[] } & FittedCategories)
  /** At most 255. */
  | ({ kind: 'category' } & FittedCategories);

/** Strings for string columns, numbers for all others. A `fill` that is no category is an unseen value. */
export type FittedCategories = { column: string } & (
  | { text: true; categories: string[]; fill: string | null }
  | { text: false; categories: number[]; fill: number | null }
);

export type EncoderKind = FittedBlock['kind'];
export type BlockOf<K extends EncoderKind> = Extract<FittedBlock, { kind: K }>;
