import type { TopLevelSpec } from 'vega-lite';
import type { CalibrationBin } from '../../learning/metrics/calibration.ts';
import type { ClassificationEvaluation } from '../../learning/metrics/report.ts';
import { toSvg } from './svg.ts';
import { formatCount, labelsOf } from './text.ts';
import { BLUE, FAINT } from './theme.ts';

/** Reliability diagram: what was said against what came true, with 95 % intervals, and how often it was said. */
export function drawCalibration({
  calibration,
  classes,
  positive,
  rows,
}: ClassificationEvaluation): Promise<string> {
  const [label] = labelsOf([classes[positive ?? 0]]);
  const whose = calibration.of === 'positive' ? `“${label}”` : 'the predicted class';
  const values = calibration.uniform.map((bin) => ({ ...bin, ...wilson(bin) }));
  const unit = { domain: [0, 1], nice: false };
  const format = { format: '.0%', tickCount: 6 };
  const diagonal = [
    { x: 0, y: 0 },
    { x: 1, y: 1 },
  ];

  const spec: TopLevelSpec = {
    title: {
      text: `Calibration of ${whose}`,
      subtitle: [
        `Expected calibration error ${(100 * calibration.expectedError).toFixed(2)} percentage points on ${formatCount(rows)} rows.`,
        'On the dashed line, probabilities can be taken at their word.',
        'Upright lines are 95 % intervals.',
      ],
    },
    spacing: 14,
    vconcat: [
      {
        width: 440,
        height: 340,
        layer: [
          {
            data: { values: diagonal },
            mark: { type: 'line', color: FAINT, strokeDash: [5, 4], strokeWidth: 1.5 },
            encoding: { x: { field: 'x', type: 'quantitative' }, y: { field: 'y', type: 'quantitative' } },
          },
          {
            data: { values },
            mark: { type: 'rule', color: BLUE, opacity: 0.5, strokeWidth: 2 },
            encoding: {
              x: { field: 'predicted', type: 'quantitative' },
              y: { field: 'low', type: 'quantitative' },
              y2: { field: 'high' },
            },
          },
          {
            data: { values },
            mark: {
              type: 'line',
              color: BLUE,
              strokeWidth: 2,
              point: { filled: true, color: BLUE, size: 60 },
            },
            encoding: {
              x: {
                field: 'predicted',
                type: 'quantitative',
                scale: unit,
                axis: { ...format, title: null, labels: false },
              },
              y: {
                field: 'actual',
                type: 'quantitative',
                scale: unit,
                axis: format,
                title: 'Share that came true',
              },
            },
          },
        ],
      },
      {
        width: 440,
        height: 90,
        data: { values },
        mark: { type: 'bar', color: BLUE, opacity: 0.75, binSpacing: 2 },
        encoding: {
          x: {
            field: 'from',
            type: 'quantitative',
            bin: { binned: true },
            scale: unit,
            axis: format,
            title: `Predicted probability of ${whose}`,
          },
          x2: { field: 'to' },
          y: {
            field: 'rows',
            type: 'quantitative',
            title: 'Rows',
            axis: { tickCount: 3, tickMinStep: 1, format: ',d' },
          },
        },
      },
    ],
  };
  return toSvg(
    spec,
    `Reliability diagram; expected calibration error ${calibration.expectedError.toFixed(4)}.`,
  );
}

/** 95 % interval of a share, which stays within 0..1 and has a width at 0 and at 1 too (Wilson, JASA 1927). */
function wilson({ actual, rows }: CalibrationBin): { low: number; high: number } {
  const z = 1.959964;
  const centre = (actual + (z * z) / (2 * rows)) / (1 + (z * z) / rows);
  const half =
    (z / (1 + (z * z) / rows)) * Math.sqrt((actual * (1 - actual)) / rows + (z * z) / (4 * rows * rows));
  return { low: centre - half, high: centre + half };
}
