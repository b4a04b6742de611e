import type { TopLevelSpec } from 'vega-lite';
import type { ClassificationEvaluation } from '../../learning/metrics/report.ts';
import { toSvg } from './svg.ts';
import { formatCount, labelsOf, measureText } from './text.ts';
import { INK } from './theme.ts';

/** More classes than this are not readable as cells; the largest are shown. */
const MAX_CLASSES = 30;
/** Up to here a cell has room for its share too. */
const MAX_CLASSES_WITH_SHARES = 12;

/** True classes against predicted ones: the colour is the share of the true class's rows, the figures are the rows. */
export function drawConfusion({
  classes,
  confusion,
  report,
  rows,
}: ClassificationEvaluation): Promise<string> {
  const shown = classes
    .map((_, k) => k)
    .sort((a, b) => report.perClass[b].support - report.perClass[a].support || a - b)
    .slice(0, MAX_CLASSES)
    .sort((a, b) => a - b);
  const labels = labelsOf(
    shown.map((k) => classes[k]),
    shown.length > MAX_CLASSES_WITH_SHARES ? 24 : 32,
  );
  const cell = Math.max(34, Math.min(130, Math.floor(620 / shown.length)));
  const withShares = shown.length <= MAX_CLASSES_WITH_SHARES;
  const values = shown.flatMap((i, a) =>
    shown.map((j, b) => {
      const count = confusion[i][j];
      const share = report.perClass[i].support === 0 ? 0 : count / report.perClass[i].support;
      return {
        actual: labels[a],
        predicted: labels[b],
        share,
        count: withShares ? formatCount(count) : count === 0 ? '' : compact(count),
        percent: `${(100 * share).toFixed(share > 0 && share < 0.1 ? 1 : 0)} %`,
      };
    }),
  );
  const color = { condition: { test: 'datum.share > 0.55', value: 'white' }, value: INK } as const;
  const fontSize = withShares ? Math.min(16, Math.max(10, Math.floor(cell / 5))) : 9;
  const slanted = labels.some((label) => measureText(label, 12, false) > cell - 6);

  const spec: TopLevelSpec = {
    title: { text: 'Confusion matrix', subtitle: [subtitle(rows, classes.length, withShares)] },
    data: { values },
    width: { step: cell },
    height: { step: cell },
    encoding: {
      x: {
        field: 'predicted',
        type: 'nominal',
        sort: labels,
        title: 'Predicted class',
        axis: slanted ? { labelAngle: -50, labelAlign: 'right', labelBaseline: 'middle' } : { labelAngle: 0 },
        scale: { paddingInner: 0.03 },
      },
      y: {
        field: 'actual',
        type: 'nominal',
        sort: labels,
        title: 'True class',
        scale: { paddingInner: 0.03 },
      },
    },
    layer: [
      {
        mark: { type: 'rect', cornerRadius: withShares ? 2 : 0 },
        encoding: {
          color: {
            field: 'share',
            type: 'quantitative',
            title: 'Share of the true class',
            scale: { domain: [0, 1], range: ['#f4f7fa', '#9cc9e3', '#0072b2', '#00395a'] },
            legend: { format: '.0%', gradientLength: 160, values: [0, 0.25, 0.5, 0.75, 1] },
          },
        },
      },
      {
        transform: [{ filter: "datum.count !== ''" }],
        mark: {
          type: 'text',
          fontSize,
          dy: withShares ? -fontSize * 0.55 : 0,
          fontWeight: withShares ? 600 : 400,
        },
        encoding: { text: { field: 'count' }, color },
      },
      ...(withShares
        ? [
            {
              mark: { type: 'text', fontSize: fontSize - 2, dy: fontSize * 0.75 } as const,
              encoding: { text: { field: 'percent' }, color },
            },
          ]
        : []),
    ],
  };
  return toSvg(spec, `Confusion matrix of ${classes.length} classes over ${formatCount(rows)} rows.`);
}

function subtitle(rows: number, classes: number, withShares: boolean): string {
  const figures = withShares ? 'rows, and their share of the true class' : 'rows; empty cells have none';
  const left = classes > MAX_CLASSES ? ` The ${MAX_CLASSES} largest of ${classes} classes.` : '';
  return `${formatCount(rows)} hold-out rows. Figures: ${figures}.${left}`;
}

/** At most four characters. */
function compact(count: number): string {
  if (count < 10_000) return String(count);
  return count < 1e6 ? `${Math.round(count / 1e3)}k` : `${(count / 1e6).toPrecision(2)}M`;
}
