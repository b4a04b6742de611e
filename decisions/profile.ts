/** What the rest of the project knows of a dataset's columns: plain JSON, made by `sources`, read by everyone. */

/**
 * The four types that a model's raw input can have.
 * - `number`: every integer, decimal and floating type; missing is NaN; handed to ONNX as float64
 * - `boolean`: false 0, true 1, missing NaN; handed to ONNX as float64
 * - `timestamp`: DATE and TIMESTAMP; epoch milliseconds UTC, missing NaN; handed to ONNX as float64
 * - `string`: VARCHAR and ENUM; missing is the empty string; handed to ONNX as string
 * - `other`: LIST, STRUCT, BLOB ...; may stand in a dataset, never in a feature
 */
export type ColumnType = 'number' | 'boolean' | 'timestamp' | 'string' | 'other';

export interface Column {
  name: string;
  type: ColumnType;
  /** The engine's own name of the type, for example `DECIMAL(18,3)`. */
  sqlType: string;
}

/** Aggregates of one column over some rows. Numbers of a timestamp are epoch milliseconds. */
export interface ColumnProfile extends Column {
  rows: number;
  /** NULL, NaN and, for strings, the empty string. */
  missing: number;
  /** Exact number of distinct values that are not missing. */
  distinct: number;
  /** The following are over finite values; absent where there is none or the type has no order. */
  mean?: number;
  /** Population standard deviation (ddof 0), as scikit-learn's StandardScaler uses. */
  std?: number;
  min?: number;
  max?: number;
  median?: number;
  /** 101 values: the 0 %, 1 % ... 100 % quantiles by linear interpolation (numpy's default). */
  percentiles?: number[];
  /** Most frequent values, by falling count, then by value; at most 1,000. Numbers and booleans as text too. */
  top?: { value: string; count: number }[];
  /** Infinite values (numbers only). */
  infinite: number;
}
