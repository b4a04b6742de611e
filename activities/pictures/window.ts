import type { TopLevelSpec } from 'vega-lite';
import type { WindowFacts } from '../../decisions/watch/facts.ts';
import type { WatchSignal, WindowVerdict } from '../../decisions/watch/verdict.ts';
import { toSvg } from './svg.ts';
import { formatCount, formatError, formatNumber, labelsOf, printable, shorten } from './text.ts';
import { BLUE, FAINT, INK, ORANGE } from './theme.ts';

export interface WindowPicture {
  name: string;
  number: number;
  facts: WindowFacts;
  verdict: WindowVerdict;
  signal: WatchSignal;
  /** The least effect that counts. */
  threshold: number;
}

/** More bars than this cannot be read. */
const MAX_BARS = 30;
const DRIFTED = 'differs';
const FAULTY = 'broken';
const LIKE = 'as in training';

/**
 * How far each distribution of a window is from the reference's, the farthest first, with the effect from which on it counts.
 *
 * @returns undefined where nothing was compared
 */
export async function drawWindow(picture: WindowPicture): Promise<string | undefined> {
  const { name, number, facts, verdict, threshold } = picture;
  const bars = barsOf(picture);
  if (bars.length === 0) return undefined;
  const shown = bars.slice(0, MAX_BARS);
  const labels = labelsOf(shown.map(({ label }) => label));
  const values = shown.map(({ effect, kind }, i) => ({ label: labels[i], effect, kind }));
  const left = bars.length > MAX_BARS ? ` The first ${MAX_BARS} of ${formatCount(bars.length)}.` : '';
  const y = { field: 'label', type: 'nominal', sort: null, title: null } as const;

  const spec: TopLevelSpec = {
    title: {
      text: shorten(printable(`Window ${formatCount(number)} of ${name}: ${verdict.state}`), 70),
      subtitle: [
        `Version ${facts.version}, ${minute(facts.from)} to ${minute(facts.to)} UTC, ${formatCount(facts.rows)} rows.${left}`,
        ...qualityOf(facts),
        ...verdict.faults.slice(0, 3).map(({ message }) => shorten(printable(message), 100)),
      ],
    },
    data: { values },
    width: 460,
    height: { step: 22 },
    encoding: { y },
    layer: [
      {
        mark: { type: 'bar', height: { band: 0.68 } },
        encoding: {
          x: {
            field: 'effect',
            type: 'quantitative',
            title: 'Effect: distance of the distributions (Kolmogorov-Smirnov, or total variation)',
            scale: { domain: [0, Math.max(2 * threshold, ...shown.map(({ effect }) => effect))] },
            axis: { tickCount: 6 },
          },
          color: {
            field: 'kind',
            type: 'nominal',
            scale: { domain: [LIKE, DRIFTED, FAULTY], range: [FAINT, BLUE, ORANGE] },
            legend: { title: null, orient: 'bottom', direction: 'horizontal' },
          },
        },
      },
      {
        mark: { type: 'rule', color: INK, strokeWidth: 1.5, strokeDash: [5, 4] },
        encoding: { x: { datum: threshold }, y: {} },
      },
    ],
  };
  return toSvg(spec, printable(`Window ${number} of ${name}. ${verdict.reason}`));
}

interface Bar {
  label: string;
  effect: number;
  kind: string;
}

function barsOf({ facts, verdict }: WindowPicture): Bar[] {
  const drifted = new Set(verdict.drifted.map(({ column }) => column));
  const faulty = new Set(verdict.faults.map(({ column }) => column));
  const kindOf = (column: string) => (faulty.has(column) ? FAULTY : drifted.has(column) ? DRIFTED : LIKE);
  const { prediction, label } = facts;
  return [
    ...facts.columns
      .filter(({ ignored }) => !ignored)
      .map(({ column, effect }) => ({ label: column, effect, kind: kindOf(column) })),
    ...(prediction
      ? [{ label: 'the score', effect: prediction.effect, kind: verdict.predictionDrifted ? DRIFTED : LIKE }]
      : []),
    ...(label
      ? [{ label: 'the label', effect: label.effect, kind: verdict.labelDrifted ? DRIFTED : LIKE }]
      : []),
  ].sort((a, b) => Number(b.kind === FAULTY) - Number(a.kind === FAULTY) || b.effect - a.effect);
}

function qualityOf({ realised, estimated }: WindowFacts): string[] {
  const lines: string[] = [];
  if (realised) {
    const what = realised.loss === 'zeroOne' ? 'Error rate' : 'Mean absolute error';
    const { metric } = realised;
    const by = metric ? `; ${metric.name} ${formatNumber(metric.value)} ± ${formatError(metric.se)}` : '';
    lines.push(
      `${what} ${formatNumber(realised.mean)} by ${formatCount(realised.rows)} labels, ${formatNumber(realised.reference.mean)} on the hold-out${by}.`,
    );
  }
  if (estimated) {
    lines.push(
      `Accuracy, estimated without labels: ${formatNumber(estimated.accuracy)}, on the hold-out ${formatNumber(estimated.reference.estimated)}.`,
    );
  }
  return lines;
}

function minute(time: string): string {
  return time.slice(0, 16).replace('T', ' ');
}
