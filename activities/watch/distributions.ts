import { PerennialError } from '../../config/errors.ts';
import type { RawType } from '../../config/raw.ts';
import type { Calibration } from '../../decisions/watch/estimatedQuality.ts';
import type { EstimatedQuality, RealisedQuality } from '../../decisions/watch/facts.ts';
import type { OutlierScale } from '../../decisions/watch/outliers.ts';
import { deciles } from '../../decisions/watch/quantile.ts';
import type { Task } from '../../learning/types.ts';
import type { Categories } from './categories.ts';
import { decodeTensors, encodeTensors, type Tensor } from '../tensors.ts';

/**
 * How the values of some rows are distributed: of those that a version was trained on, or of a window. One artifact, of
 * the same format, so that a window is compared with either by the same code: a safetensors file with the sorted numbers
 * (float64), and all else in its header.
 */
export interface Distributions {
  /** What they are of, which also keeps those of two windows apart that happen to hold the same. */
  of: { name: string; version: number; window?: number };
  rows: number;
  /** Columns that the version reads, in its order. */
  columns: ColumnDistribution[];
  /** Of the model's answers, ascending; see `scoreOf`. */
  score?: Float64Array;
  /** Of the target. */
  label?: Values;
  /** Only of a reference. */
  model?: ModelFacts;
}

/** Either numbers or categories. */
export interface Values {
  /** Ascending, without missing values. A random sample. */
  numbers?: Float64Array;
  categories?: Categories;
}

export interface ColumnDistribution extends Values {
  name: string;
  type: RawType;
  /** Share of the rows. */
  missing: number;
  /** Of all rows, where `numbers` is a sample. */
  min?: number;
  max?: number;
  /** The dataset keeps it as float32, so a window's values are rounded likewise before they are compared. */
  float32?: boolean;
}

/** What the hold-out said of the model when it was registered. */
export interface ModelFacts {
  task: Task;
  loss: RealisedQuality['loss'];
  realised: RealisedQuality['reference'];
  /** Classification. */
  calibration?: Calibration;
  estimated?: EstimatedQuality['reference'];
  /** Of the numbers among the columns, times excepted, in their order. */
  outliers: OutlierScale;
}

export const DISTRIBUTIONS_KIND = 'distributions';

type Header = Omit<Distributions, 'columns' | 'score' | 'label'> & {
  columns: (Omit<ColumnDistribution, 'numbers'> & { deciles?: number[] })[];
  label?: Omit<Values, 'numbers'>;
};

export function encodeDistributions({ columns, score, label, ...rest }: Distributions): Uint8Array {
  const tensors: Record<string, Tensor> = {};
  const header: Header = {
    ...rest,
    columns: columns.map(({ numbers, ...column }, i) => {
      if (!numbers) return column;
      tensors[`column${i}`] = numbers;
      // For people who look into the file; nothing here reads them.
      return numbers.length === 0 ? column : { ...column, deciles: deciles(numbers) };
    }),
  };
  if (score) tensors.score = score;
  if (label) header.label = { categories: label.categories };
  if (label?.numbers) tensors.label = label.numbers;
  return encodeTensors({ metadata: { distributions: JSON.stringify(header) }, tensors });
}

/** @throws PerennialError ARTIFACT_CORRUPT */
export function decodeDistributions(bytes: Uint8Array): Distributions {
  const { metadata, tensors } = decodeTensors(bytes);
  const header = JSON.parse(metadata.distributions ?? 'null') as Header | null;
  if (!header)
    throw new PerennialError('ARTIFACT_CORRUPT', 'The distributions artifact does not hold what it should.');
  const numbers = (name: string) => tensors[name] as Float64Array | undefined;
  const { columns, label, ...rest } = header;
  return {
    ...rest,
    columns: columns.map((column, i) => ({ ...column, numbers: numbers(`column${i}`) })),
    score: numbers('score'),
    label: label && { ...label, numbers: numbers('label') },
  };
}

/** Columns whose rows are looked at for outliers. */
export function isMeasure({ type }: { type: RawType }): boolean {
  return type === 'number' || type === 'boolean';
}

/**
 * Rows of which the numbers are kept: 10,000 of a reference, where more change a KS distance by less than 0.01 in 95 of 100
 * cases, fewer where there are so many columns that they would take more than 32 MB.
 */
export function sampleRows(columns: number, most: number): number {
  return Math.max(200, Math.min(most, Math.floor(MAX_CELLS / Math.max(1, columns))));
}

const MAX_CELLS = 4_000_000;
