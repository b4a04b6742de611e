import type { TopLevelSpec } from 'vega-lite';
import type { RegressionEvaluation } from '../../learning/metrics/report.ts';
import { toSvg } from './svg.ts';
import { formatCount, formatNumber } from './text.ts';
import { BLUE, FAINT, INK, ORANGE } from './theme.ts';

/** Predicted against actual values: how many rows lie where, and the means of ten groups by prediction. */
export function drawPredictedVsActual({ residuals, metrics, rows }: RegressionEvaluation): Promise<string> {
  const { edges, cells, outside } = residuals.density;
  const [low, high] = [edges[0], edges[edges.length - 1]];
  const values = cells.map(([i, j, count]) => ({
    x: edges[i],
    x2: edges[i + 1],
    y: edges[j],
    y2: edges[j + 1],
    count,
  }));
  const scale = { domain: [low, high], nice: false, zero: false };
  const r2 = metrics.r2 === undefined ? 'R² undefined' : `R² ${metrics.r2.toFixed(4)}`;
  const spec: TopLevelSpec = {
    title: {
      text: 'Predicted and actual values',
      subtitle: [
        `${r2}, RMSE ${formatNumber(metrics.rmse ?? 0)}, MAE ${formatNumber(metrics.mae ?? 0)} on ${formatCount(rows)} hold-out rows.`,
        'Dots are the means of tenths of the rows by prediction.',
        ...(outside > 0 ? [`${formatCount(outside)} rows lie outside of the picture.`] : []),
      ],
    },
    width: 440,
    height: 440,
    layer: [
      {
        data: { values },
        mark: { type: 'rect', strokeWidth: 0 },
        encoding: {
          x: { field: 'x', type: 'quantitative', scale, title: 'Predicted', axis: { tickCount: 6 } },
          x2: { field: 'x2' },
          y: { field: 'y', type: 'quantitative', scale, title: 'Actual', axis: { tickCount: 6 } },
          y2: { field: 'y2' },
          color: {
            field: 'count',
            type: 'quantitative',
            title: 'Rows',
            scale: { type: 'log', range: ['#dceaf4', '#56a5d1', '#0072b2', '#00395a'] },
            legend: { gradientLength: 160, format: '~s', tickCount: 4 },
          },
        },
      },
      {
        data: {
          values: [
            { x: low, y: low },
            { x: high, y: high },
          ],
        },
        mark: { type: 'line', color: FAINT, strokeDash: [5, 4], strokeWidth: 1.5 },
        encoding: { x: { field: 'x', type: 'quantitative' }, y: { field: 'y', type: 'quantitative' } },
      },
      {
        data: { values: residuals.deciles },
        mark: {
          type: 'point',
          filled: true,
          color: ORANGE,
          stroke: 'white',
          strokeWidth: 1.5,
          size: 90,
          opacity: 1,
          clip: true,
        },
        encoding: {
          x: { field: 'predicted', type: 'quantitative' },
          y: { field: 'actual', type: 'quantitative' },
        },
      },
    ],
  };
  return toSvg(spec, `Predicted against actual values; ${r2}.`);
}

/** How far off predictions are, and to which side. */
export function drawResiduals({ residuals, rows }: RegressionEvaluation): Promise<string> {
  const { histogram, mean, quantiles } = residuals;
  const values = histogram.counts.map((count, i) => ({
    from: histogram.edges[i],
    to: histogram.edges[i + 1],
    count,
  }));
  const at = (q: number): string => formatNumber(quantiles.find((entry) => entry.q === q)?.value ?? 0);
  const spec: TopLevelSpec = {
    title: {
      text: 'Residuals',
      subtitle: [
        `Actual minus predicted on ${formatCount(rows)} hold-out rows.`,
        `Mean ${formatNumber(mean)}; nine of ten from ${at(0.05)} to ${at(0.95)}.`,
        ...(histogram.outside > 0
          ? [`${formatCount(histogram.outside)} rows lie outside of the picture.`]
          : []),
      ],
    },
    width: 440,
    height: 320,
    layer: [
      {
        data: { values },
        mark: { type: 'bar', color: BLUE, binSpacing: 1 },
        encoding: {
          x: {
            field: 'from',
            type: 'quantitative',
            bin: { binned: true },
            title: 'Actual − predicted',
            scale: { nice: false },
            axis: { tickCount: 8 },
          },
          x2: { field: 'to' },
          y: {
            field: 'count',
            type: 'quantitative',
            title: 'Rows',
            axis: { tickCount: 5, tickMinStep: 1, format: ',d' },
          },
        },
      },
      {
        data: { values: [{}] },
        mark: { type: 'rule', color: INK, strokeDash: [5, 4], strokeWidth: 1.5 },
        encoding: { x: { datum: 0 } },
      },
    ],
  };
  return toSvg(spec, `Histogram of residuals with mean ${formatNumber(mean)}.`);
}
