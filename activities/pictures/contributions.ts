import type { TopLevelSpec } from 'vega-lite';
import type { Contributions } from '../../learning/explain/stored.ts';
import { toSvg } from './svg.ts';
import { formatCount, labelsOf } from './text.ts';
import { BLUE, CATEGORIES, FAINT, INK, ORANGE } from './theme.ts';

const MAX_COLUMNS = 12;
/** Points of a column: more hide each other. */
const MAX_DOTS = 150;
const ROW_HEIGHT = 30;
/** Sideways places of a column's dots, and how far they may go from its line, as a share of its height. */
const SLOTS = 70;
const MAX_OFFSET = 0.4;

const UNITS: Record<Contributions['explained'], string> = {
  value: 'the predicted value',
  probability: 'the probability',
  logOdds: 'the log odds',
  score: 'the score before the softmax',
};

/**
 * What the columns add to the answers of hold-out rows: a dot a row where one number is explained, coloured by the
 * column's value (after Lundberg et al. 2020, figure 4); of several classes the mean sizes, side by side.
 *
 * @returns undefined where the model has no exact values
 */
export async function drawContributions(
  found: Contributions | { reason: string },
): Promise<string | undefined> {
  if (!('columns' in found) || found.columns.length === 0) return undefined;
  return found.base.length === 1 ? drawDots(found) : drawBars(found);
}

function drawDots(found: Contributions): Promise<string> {
  const shown = found.points.slice(0, MAX_COLUMNS);
  const labels = labelsOf(shown.map(({ column }) => column));
  const range = Math.max(
    ...shown.flatMap(({ contributions: [first] }) => first.slice(0, MAX_DOTS).map(Math.abs)),
    Number.MIN_VALUE,
  );
  const values = shown.flatMap(({ values: raw, contributions: [all] }, i) => {
    const some = all.slice(0, MAX_DOTS);
    const offsets = swarm(some, range);
    const ranks = ranksOf(raw.slice(0, MAX_DOTS));
    return some.map((contribution, row) => ({
      contribution,
      line: i + offsets[row],
      rank: ranks[row],
    }));
  });
  const size = shown.length;
  const [of] = found.of;
  const name =
    of === undefined ? UNITS[found.explained] : `${UNITS[found.explained]} of ${labelsOf([String(of)])[0]}`;
  const y = {
    field: 'line',
    type: 'quantitative' as const,
    scale: { domain: [-0.5, size - 0.5], reverse: true, nice: false, zero: false },
    title: null,
    axis: {
      values: labels.map((_, i) => i),
      // Names are looked up by their place: no expression sees what people called a column.
      labelExpr: `${JSON.stringify(labels)}[datum.value]`,
      grid: true,
    },
  };
  const spec: TopLevelSpec = {
    title: {
      text: 'What moves the answers',
      subtitle: [
        `Shapley values of ${formatCount(Math.min(found.rows, MAX_DOTS))} hold-out rows: what each column adds to ${name},`,
        `against ${formatCount(found.background)} rows. Most important on top, by the mean size over ${formatCount(found.rows)} rows.`,
      ],
    },
    data: { values },
    width: 480,
    height: size * ROW_HEIGHT,
    layer: [
      { mark: { type: 'rule', color: FAINT }, data: { values: [{}] }, encoding: { x: { datum: 0 } } },
      {
        transform: [{ filter: 'isValid(datum.rank)' }],
        mark: { type: 'circle', size: 22, opacity: 0.8 },
        encoding: {
          x: {
            field: 'contribution',
            type: 'quantitative',
            title: `Added to ${name}`,
            axis: { tickCount: 6 },
          },
          y,
          color: {
            field: 'rank',
            type: 'quantitative',
            scale: { domain: [0, 1], range: [BLUE, '#d9d9d9', ORANGE] },
            legend: {
              title: 'Value of the column',
              orient: 'bottom',
              direction: 'horizontal',
              values: [0, 1],
              labelExpr: "datum.value < 0.5 ? 'lowest' : 'highest'",
              gradientLength: 160,
            },
          },
        },
      },
      {
        transform: [{ filter: '!isValid(datum.rank)' }],
        mark: { type: 'circle', size: 22, opacity: 0.8, color: FAINT },
        encoding: { x: { field: 'contribution', type: 'quantitative' }, y },
      },
    ],
  };
  return toSvg(spec, `Shapley values by row; the column that adds most is ${labels[0]}.`);
}

function drawBars(found: Contributions): Promise<string> {
  const shown = found.columns.slice(0, MAX_COLUMNS);
  const labels = labelsOf(shown.map(({ column }) => column));
  const classes = labelsOf(found.of.map(String));
  const drawn = classes.slice(0, CATEGORIES.length);
  const values = shown.flatMap(({ meanAbsolute }, i) =>
    drawn.map((name, k) => ({ column: labels[i], class: name, order: k, size: meanAbsolute[k] })),
  );
  const ends = shown.map(({ meanAbsolute, low, high }, i) => {
    const hidden = meanAbsolute.slice(drawn.length).reduce((a, b) => a + b, 0);
    return { column: labels[i], low: low - hidden, high: high - hidden };
  });
  const left =
    classes.length > drawn.length ? ` The first ${drawn.length} of ${classes.length} classes.` : '';
  const spec: TopLevelSpec = {
    title: {
      text: 'What moves the answers',
      subtitle: [
        `Mean size of the Shapley values of ${formatCount(found.rows)} hold-out rows against ${formatCount(found.background)}, by class,`,
        `with the 95 % interval of their sum.${left}`,
      ],
    },
    width: 460,
    height: { step: 24 },
    layer: [
      {
        data: { values },
        mark: { type: 'bar', height: { band: 0.68 } },
        encoding: {
          y: { field: 'column', type: 'nominal', sort: labels, title: null },
          x: {
            field: 'size',
            type: 'quantitative',
            stack: 'zero',
            title: `Mean size of what is added to ${UNITS[found.explained]}`,
            axis: { tickCount: 6 },
          },
          color: {
            field: 'class',
            type: 'nominal',
            sort: drawn,
            scale: { domain: drawn, range: CATEGORIES.slice(0, drawn.length) },
            legend: { title: null, orient: 'bottom', columns: 4 },
          },
          order: { field: 'order', type: 'quantitative' },
        },
      },
      {
        data: { values: ends },
        mark: { type: 'rule', color: INK, strokeWidth: 1.5 },
        encoding: {
          y: { field: 'column', type: 'nominal', sort: labels },
          x: { field: 'low', type: 'quantitative' },
          x2: { field: 'high' },
        },
      },
    ],
  };
  return toSvg(spec, `Mean Shapley values by class; the column that adds most is ${labels[0]}.`);
}

/** How far from its line each dot lies: dots of one place are dealt to both sides in turn. */
function swarm(contributions: readonly number[], range: number): number[] {
  const slotOf = (value: number): number => Math.round(((value / range + 1) / 2) * SLOTS);
  const counts = new Map<number, number>();
  for (const value of contributions) counts.set(slotOf(value), (counts.get(slotOf(value)) ?? 0) + 1);
  const most = Math.max(1, ...counts.values());
  const step = Math.min(0.1, (2 * MAX_OFFSET) / most);
  const placed = new Map<number, number>();
  return contributions.map((value) => {
    const slot = slotOf(value);
    const n = placed.get(slot) ?? 0;
    placed.set(slot, n + 1);
    return (n % 2 === 0 ? 1 : -1) * Math.ceil(n / 2) * step;
  });
}

/** 0 for the lowest value, 1 for the highest, by rank; null where values have no order or are missing. */
function ranksOf(values: readonly (number | string | null)[]): (number | null)[] {
  const numbers = values.filter((value): value is number => typeof value === 'number').sort((a, b) => a - b);
  const distinct = [...new Set(numbers)];
  const place = new Map(
    distinct.map((value, i) => [value, distinct.length > 1 ? i / (distinct.length - 1) : 0.5]),
  );
  return values.map((value) => (typeof value === 'number' ? (place.get(value) ?? null) : null));
}
