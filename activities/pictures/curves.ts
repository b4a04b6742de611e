import type { TopLevelSpec } from 'vega-lite';
import type { ClassCurves, ClassificationEvaluation } from '../../learning/metrics/report.ts';
import { toSvg } from './svg.ts';
import { formatCount, labelsOf } from './text.ts';
import { CATEGORIES, FAINT } from './theme.ts';

/** @returns undefined where no class has rows on both sides */
export async function drawRoc(evaluation: ClassificationEvaluation): Promise<string | undefined> {
  const { curves, metrics } = evaluation;
  if (curves.length === 0) return undefined;
  const of =
    metrics.rocAuc === undefined
      ? ''
      : `${isBinary(evaluation) ? '' : 'Macro average '}AUC ${metrics.rocAuc.toFixed(4)}`;
  return drawLines(evaluation, {
    title: 'ROC curve',
    subtitle: [`${of}${of ? '; ' : ''}${whose(evaluation)}`, 'On the dashed line lies guessing.'],
    x: 'False positive rate',
    y: 'True positive rate',
    interpolate: 'linear',
    reference: [
      { x: 0, y: 0 },
      { x: 1, y: 1 },
    ],
    area: (curve) => `AUC ${curve.rocAuc.toFixed(3)}`,
    points: ({ roc }) => roc.falsePositiveRate.map((x, i) => ({ x, y: roc.truePositiveRate[i] })),
    legend: 'bottom-right',
  });
}

/** @returns undefined where no class has rows on both sides */
export async function drawPrecisionRecall(evaluation: ClassificationEvaluation): Promise<string | undefined> {
  const { curves, metrics, report, rows } = evaluation;
  if (curves.length === 0) return undefined;
  const of =
    metrics.prAuc === undefined
      ? ''
      : `${isBinary(evaluation) ? 'Average' : 'Macro average'} precision ${metrics.prAuc.toFixed(4)}`;
  const share = report.perClass[curves[0].class].support / rows;
  const guessing = isBinary(evaluation)
    ? [
        { x: 0, y: share },
        { x: 1, y: share },
      ]
    : [];
  return drawLines(evaluation, {
    title: 'Precision and recall',
    subtitle: [
      `${of}${of ? '; ' : ''}${whose(evaluation)}`,
      ...(isBinary(evaluation)
        ? [`The dashed line is guessing: ${(100 * share).toFixed(1)} % of the rows.`]
        : []),
    ],
    x: 'Recall',
    y: 'Precision',
    // Between two thresholds precision is not on a straight line; average precision takes the step.
    interpolate: 'step-before',
    reference: guessing,
    area: (curve) => `AP ${curve.prAuc.toFixed(3)}`,
    points: ({ precisionRecall }) =>
      precisionRecall.recall.map((x, i) => ({ x, y: precisionRecall.precision[i] })),
    legend: 'bottom-left',
  });
}

interface Lines {
  title: string;
  subtitle: string[];
  x: string;
  y: string;
  interpolate: 'linear' | 'step-before';
  reference: { x: number; y: number }[];
  area(curve: ClassCurves): string;
  points(curve: ClassCurves): { x: number; y: number }[];
  legend: 'bottom-right' | 'bottom-left';
}

function drawLines(evaluation: ClassificationEvaluation, lines: Lines): Promise<string> {
  const { curves, classes } = evaluation;
  const names = labelsOf(
    curves.map((curve) => classes[curve.class]),
    28,
  );
  const labels = curves.map((curve, i) => `${names[i]} · ${lines.area(curve)}`);
  const values = curves.flatMap((curve, i) =>
    lines.points(curve).map((point, order) => ({ ...point, order, of: labels[i] })),
  );
  const many = curves.length > CATEGORIES.length;
  const scale = { domain: [0, 1], nice: false };
  const spec: TopLevelSpec = {
    title: { text: lines.title, subtitle: lines.subtitle },
    width: 440,
    height: 440,
    layer: [
      {
        data: { values: lines.reference },
        mark: { type: 'line', color: FAINT, strokeDash: [5, 4], strokeWidth: 1.5 },
        encoding: { x: { field: 'x', type: 'quantitative' }, y: { field: 'y', type: 'quantitative' } },
      },
      {
        data: { values },
        mark: {
          type: 'line',
          interpolate: lines.interpolate,
          strokeWidth: many ? 1.5 : 2.25,
          strokeJoin: 'round',
        },
        encoding: {
          x: { field: 'x', type: 'quantitative', scale, title: lines.x, axis: { tickCount: 6 } },
          y: { field: 'y', type: 'quantitative', scale, title: lines.y, axis: { tickCount: 6 } },
          order: { field: 'order', type: 'quantitative' },
          color: {
            field: 'of',
            type: 'nominal',
            sort: labels,
            scale: many
              ? { domain: labels, scheme: 'turbo' }
              : { domain: labels, range: CATEGORIES.slice(0, labels.length) },
            legend: isBinary(evaluation)
              ? null
              : { title: 'Class against the rest', symbolType: 'stroke', symbolStrokeWidth: 3 },
          },
        },
      },
    ],
  };
  return toSvg(spec, `${lines.title}: ${lines.subtitle[0]}.`);
}

function isBinary({ task }: ClassificationEvaluation): boolean {
  return task === 'binary';
}

function whose({ task, classes, positive, curves, rows }: ClassificationEvaluation): string {
  const on = `${formatCount(rows)} hold-out rows`;
  if (task === 'binary') return `“${labelsOf([classes[positive ?? 0]])[0]}” on ${on}`;
  return curves.length < classes.length ? `${curves.length} of ${classes.length} classes, ${on}` : on;
}
