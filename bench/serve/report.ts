import { table } from '../../client/terminal/table.ts';
import { medianOf, type Measured } from './load.ts';
import type { Comparison, ContestantId } from './works.ts';

export interface Result extends Comparison {
  /** Ours over the other's requests a second; absent where the other one was not measured. */
  ratio?: number;
  oursMedian: Measured;
  otherMedian?: Measured;
  /** Absent where there is no target or no measurement. */
  met?: boolean;
}

/** @param measured by contestant, one a round */
export function compare(
  comparisons: readonly Comparison[],
  measured: ReadonlyMap<ContestantId, readonly Measured[]>,
): Result[] {
  return comparisons.flatMap((comparison): Result[] => {
    const ours = measured.get(comparison.ours);
    if (!ours) return [];
    const other = measured.get(comparison.other);
    const oursMedian = medianOf(ours);
    if (!other) return [{ ...comparison, oursMedian }];
    const otherMedian = medianOf(other);
    const ratio = oursMedian.requestsPerSecond / otherMedian.requestsPerSecond;
    const { atLeast, p99 } = comparison;
    const met =
      atLeast === undefined ? undefined : ratio >= atLeast && (!p99 || oursMedian.p99Ms <= otherMedian.p99Ms);
    return [{ ...comparison, ratio, oursMedian, otherMedian, met }];
  });
}

/** One line a comparison, with both sides' figures. */
export function resultTable(results: readonly Result[]): string {
  const side = ['req/s', 'p99 ms', 'CPU ms'];
  const head = ['work', ...side, 'beside', ...side, 'ratio', 'at least', ''];
  const lines = results.map(({ title, against, ratio, atLeast, p99, met, oursMedian, otherMedian }) => [
    title,
    ...figures(oursMedian),
    against,
    ...(otherMedian ? figures(otherMedian) : ['not measured', '', '']),
    ratio === undefined ? '' : ratio.toFixed(2),
    atLeast === undefined ? '' : `${atLeast}${p99 ? ', p99 no worse' : ''}`,
    met === undefined ? '' : met ? 'met' : 'MISSED',
  ]);
  return table([head, ...lines], { right: [1, 2, 3, 5, 6, 7, 8] });
}

function figures({ requestsPerSecond, p99Ms, cpuMs }: Measured): string[] {
  return [
    requestsPerSecond.toFixed(requestsPerSecond < 100 ? 1 : 0),
    p99Ms.toFixed(2),
    cpuMs?.toFixed(3) ?? '',
  ];
}
