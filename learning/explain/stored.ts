import type { PartialDependence } from './partialDependence.ts';
import type { Explained } from './readModel.ts';
import type { ColumnContribution } from './summary.ts';

/** Why a version answers as it does, one JSON artifact of the evaluate stage. */
export interface StoredExplanation {
  /** Shapley values of hold-out rows; `reason` where the model has none that are exact. */
  contributions: Contributions | { reason: string };
  /** Of the most important columns. */
  partialDependence: PartialDependence[];
  /** Which answers the curves are of: classes, or the target. */
  curves: string[];
}

export interface Contributions {
  method: 'treeShap' | 'linearShap';
  explained: Explained;
  /** Class of each number that is explained: the positive one alone where there are two; none for regression. */
  of: (string | number | boolean)[];
  /** Hold-out rows that each is compared with. */
  background: number;
  /** Hold-out rows that were explained: the first by sample hash. */
  rows: number;
  /** Mean of each number over the background. */
  base: number[];
  columns: ColumnContribution[];
  /** Trees: the same by their own training rows in place of a background (path-dependent TreeSHAP). */
  pathDependent?: { rows: number; covers: number; base: number[]; columns: ColumnContribution[] };
  /** Of the columns that contribute most, row by row: the raw value and what it contributes to each number. */
  points: { column: string; values: (number | string | null)[]; contributions: number[][] }[];
}
