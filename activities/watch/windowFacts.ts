import { setImmediate } from 'node:timers/promises';
import { compareNumbers } from '../../decisions/watch/compareNumbers.ts';
import { estimateAccuracy } from '../../decisions/watch/estimatedQuality.ts';
import type { ColumnFacts, EstimatedQuality, WindowFacts } from '../../decisions/watch/facts.ts';
import { outlierShare } from '../../decisions/watch/outliers.ts';
import type { WatchPolicy } from '../../decisions/watch/policy.ts';
import { sortNumbers } from '../../decisions/watch/sortNumbers.ts';
import { columnFacts, rounded } from './columnFacts.ts';
import { isMeasure, type Distributions } from './distributions.ts';
import type { Realised } from './realised.ts';
import type { WindowRows } from './windowRows.ts';

/** What was read of a window, and what it is held against. */
export interface SeenWindow extends Realised, Pick<WindowFacts, 'version' | 'from' | 'to' | 'rows'> {
  /** Of the last healthy windows, by equal length. */
  usualRows?: number;
  window: WindowRows;
  reference: Distributions;
  /** Of the last healthy window. */
  healthy?: Distributions;
}

/** Every number that a verdict is a function of, all columns in it. The same rows give the same facts. */
export async function windowFacts(
  seen: SeenWindow,
  policy: WatchPolicy,
  signal: AbortSignal,
): Promise<WindowFacts> {
  const { version, from, to, rows, usualRows, window, reference, healthy, realised, label } = seen;
  const columns = await compareColumns(window, reference, healthy, policy, signal);
  const enoughLabels = (realised?.rows ?? 0) >= policy.quality.minLabels;
  const { score } = window.said;
  return {
    ...{ version, from, to, rows, compared: window.compared },
    ...(usualRows === undefined ? {} : { usualRows: Math.round(usualRows) }),
    tests: columns.filter(({ ignored }) => !ignored).length,
    columns,
    ...(reference.score && score.length > 0
      ? { prediction: rounded(compareNumbers(reference.score, sortNumbers(score))) }
      : {}),
    ...(label && enoughLabels ? { label: rounded(label) } : {}),
    ...(realised ? { realised } : {}),
    ...estimatedOf(window, reference),
    ...outliersOf(window, reference, policy),
  };
}

async function compareColumns(
  window: WindowRows,
  reference: Distributions,
  healthy: Distributions | undefined,
  policy: WatchPolicy,
  signal: AbortSignal,
): Promise<ColumnFacts[]> {
  // Without inputs in the log there is nothing to compare.
  if (window.compared === 0) return [];
  const before = new Map(healthy?.columns.map((column) => [column.name, column]));
  const ignore = new Set(policy.ignore);
  const facts: ColumnFacts[] = [];
  for (const [i, column] of reference.columns.entries()) {
    // An exact test takes up to 50 ms: between two the heart beats, and a cancellation is heard.
    await setImmediate();
    signal.throwIfAborted();
    const ignored = column.type === 'timestamp' || ignore.has(column.name);
    facts.push(columnFacts(column, window.columns[i], before.get(column.name), ignored));
  }
  return facts;
}

function estimatedOf({ said }: WindowRows, { model }: Distributions): { estimated?: EstimatedQuality } {
  const { confidence } = said;
  if (!model?.calibration || !model.estimated || !confidence?.length) return {};
  const { accuracy, se } = estimateAccuracy(model.calibration, confidence);
  return { estimated: { rows: confidence.length, accuracy, se, reference: model.estimated } };
}

/** Columns that are expected to move make no outlier. */
function outliersOf(
  { measures, compared }: WindowRows,
  { columns, model }: Distributions,
  { ignore }: WatchPolicy,
): { outliers?: number } {
  if (!model || measures.length === 0 || compared === 0) return {};
  const named = columns.filter(isMeasure);
  const scales = model.outliers.scales.map((scale, i) => (ignore.includes(named[i].name) ? 0 : scale));
  return { outliers: rounded({ share: outlierShare({ ...model.outliers, scales }, measures) }).share };
}
