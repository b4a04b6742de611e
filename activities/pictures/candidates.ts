import type { TopLevelSpec } from 'vega-lite';
import { paramText } from '../../config/paramText.ts';
import { METRICS, type MetricName } from '../../learning/metrics/names.ts';
import type { CandidateRow } from '../../store/types.ts';
import { toSvg } from './svg.ts';
import { formatCount, formatNumber, labelsOf } from './text.ts';
import { CATEGORIES, INK } from './theme.ts';

/** More bars than this cannot be read. */
const MAX_BARS = 40;

type Scored = CandidateRow & { mean: number; std: number };

/**
 * The cross-validated metric of the candidates, best first: bars from zero, which show how much or how little lies
 * between them, beside the same means close up with their standard deviations over the folds.
 *
 * @param best index of the candidate that won
 * @returns undefined where no candidate has a score
 */
export async function drawCandidates(
  rows: readonly CandidateRow[],
  metric: MetricName,
  best: number | undefined,
): Promise<string | undefined> {
  const { better, title } = METRICS[metric];
  const scored = sortCandidates(rows, metric);
  if (scored.length === 0) return undefined;

  const shown = scored.slice(0, MAX_BARS);
  const labels = labelsOf(
    shown.map((row) => `${row.index === best ? '★ ' : ''}${describeCandidate(row, scored)}`),
    56,
  );
  const values = shown.map((row, i) => ({
    label: labels[i],
    learner: row.learner,
    mean: row.mean,
    low: row.mean - row.std,
    high: row.mean + row.std,
    end: Math.max(row.mean, 0),
    text: formatNumber(row.mean),
  }));
  const learners = [...new Set(shown.map((row) => row.learner))].sort();
  const color = {
    field: 'learner',
    type: 'nominal',
    scale: { domain: learners, range: learners.map((_, i) => CATEGORIES[i % CATEGORIES.length]) },
    legend: { title: null, orient: 'bottom', direction: 'horizontal' },
  } as const;
  const y = { field: 'label', type: 'nominal', sort: null, title: null } as const;
  const height = { step: 22 };

  const spec: TopLevelSpec = {
    title: { text: `${title} of the candidates`, subtitle: notes(rows, scored, better) },
    data: { values },
    spacing: 40,
    hconcat: [
      {
        width: 280,
        height,
        encoding: { y },
        layer: [
          {
            mark: { type: 'bar', height: { band: 0.72 } },
            encoding: {
              x: {
                field: 'mean',
                type: 'quantitative',
                title: `${title}, mean over the folds`,
                axis: { tickCount: 5 },
              },
              color,
            },
          },
          {
            mark: { type: 'text', align: 'left', dx: 5, fontSize: 11, color: INK },
            encoding: { x: { field: 'end', type: 'quantitative' }, text: { field: 'text' } },
          },
        ],
      },
      {
        width: 280,
        height,
        encoding: { y: { ...y, axis: { labels: false, grid: true } } },
        layer: [
          {
            mark: { type: 'rule', strokeWidth: 2, opacity: 0.55 },
            encoding: {
              x: {
                field: 'low',
                type: 'quantitative',
                title: 'Close up: mean ± standard deviation over the folds',
                scale: { zero: false, nice: true },
                axis: { tickCount: 5 },
              },
              x2: { field: 'high' },
              color,
            },
          },
          {
            mark: { type: 'point', filled: true, opacity: 1, size: 60 },
            encoding: { x: { field: 'mean', type: 'quantitative' }, color },
          },
        ],
      },
    ],
  };
  return toSvg(
    spec,
    `${title} of ${scored.length} candidates; the best has ${formatNumber(scored[0].mean)}.`,
  );
}

/** The candidates that have a score, best first; equal ones in the order of the grid. */
export function sortCandidates(rows: readonly CandidateRow[], metric: MetricName): Scored[] {
  const sign = METRICS[metric].better === 'higher' ? -1 : 1;
  return rows
    .flatMap((row) =>
      row.status !== 'done' || row.mean === undefined ? [] : [{ ...row, mean: row.mean, std: row.std ?? 0 }],
    )
    .sort((a, b) => sign * (a.mean - b.mean) || a.index - b.index);
}

/** The learner with the hyperparameters in which its candidates differ: the others would say the same 40 times. */
export function describeCandidate(candidate: CandidateRow, all: readonly CandidateRow[]): string {
  const siblings = all.filter(({ learner }) => learner === candidate.learner);
  const differing = Object.entries(candidate.params).filter(([name, value]) =>
    siblings.some(({ params }) => params[name] === undefined || paramText(params[name]) !== paramText(value)),
  );
  const params = differing.map(([name, value]) => `${name} ${paramText(value)}`).join(', ');
  return params === '' ? candidate.learner : `${candidate.learner}: ${params}`;
}

function notes(rows: readonly CandidateRow[], scored: Scored[], better: 'higher' | 'lower'): string[] {
  const stopped = rows.filter((row) => row.status === 'stopped').length;
  const failed = rows.filter((row) => row.mean === undefined).length;
  const parts = [`${better === 'higher' ? 'Higher' : 'Lower'} is better; ★ was chosen.`];
  if (scored.length > MAX_BARS) {
    const [first, last] = [scored[MAX_BARS], scored[scored.length - 1]];
    const range = `from ${formatNumber(first.mean)} to ${formatNumber(last.mean)}`;
    parts.push(`The best ${MAX_BARS} of ${formatCount(scored.length)}; the others lie ${range}.`);
  }
  if (stopped > 0) parts.push(`${formatCount(stopped)} stopped early.`);
  if (failed > 0) parts.push(`${formatCount(failed)} without a score.`);
  return [parts.join(' ')];
}
