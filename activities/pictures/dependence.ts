import type { TopLevelSpec } from 'vega-lite';
import type { StoredExplanation } from '../../learning/explain/stored.ts';
import type { Signature } from '../../store/types.ts';
import { toSvg } from './svg.ts';
import { labelsOf } from './text.ts';
import { BLUE, CATEGORIES } from './theme.ts';

const PANEL = { width: 250, height: 150 };
const MAX_TEXTS = 10;

/** How the mean answer goes with each of the most important columns, and between which bounds most rows lie. */
export async function drawDependence(
  { partialDependence, curves }: StoredExplanation,
  { inputs, task }: Pick<Signature, 'inputs' | 'task'>,
): Promise<string | undefined> {
  if (partialDependence.length === 0) return undefined;
  const titles = labelsOf(partialDependence.map(({ column }) => column));
  const names = labelsOf(curves);
  const several = names.length > 1;
  const answer =
    task === 'regression' ? 'Predicted value' : several ? 'Probability' : `Probability of ${names[0]}`;
  const all = partialDependence.flatMap(({ answers }) =>
    answers.flatMap(({ low, high }) => [...low, ...high]),
  );
  const domain = [Math.min(...all), Math.max(...all)];

  const panels = partialDependence.map(({ column, grid, answers }, i) => {
    const { columnType } = inputs.find(({ name }) => name === column) ?? { columnType: 'number' };
    const text = columnType === 'boolean' || grid.some((value) => typeof value === 'string');
    const shown = grid.slice(0, text ? MAX_TEXTS : grid.length);
    const labels = labelsOf(
      shown.map((value) =>
        columnType === 'boolean' ? String(value === 1) : value === '' ? '(missing)' : String(value),
      ),
      18,
    );
    const values = answers.flatMap(({ mean, low, high }, k) =>
      shown.map((value, v) => ({
        value: text ? labels[v] : value,
        answer: names[k],
        ...{ mean: mean[v], low: low[v], high: high[v] },
      })),
    );
    const x = text
      ? ({ field: 'value', type: 'nominal', sort: labels, axis: { labelAngle: -30 } } as const)
      : columnType === 'timestamp'
        ? ({ field: 'value', type: 'temporal', scale: { type: 'utc' }, axis: { tickCount: 4 } } as const)
        : ({ field: 'value', type: 'quantitative', scale: { zero: false }, axis: { tickCount: 5 } } as const);
    const y = {
      type: 'quantitative',
      scale: { domain, zero: false },
      title: i % 2 === 0 ? answer : null,
      axis: { tickCount: 5 },
    } as const;
    const color = several
      ? ({
          field: 'answer',
          type: 'nominal',
          sort: names,
          scale: { domain: names, range: CATEGORIES.slice(0, names.length) },
          legend: { title: null, orient: 'bottom', columns: 4 },
        } as const)
      : ({ value: BLUE } as const);
    const spread = {
      mark: text
        ? ({ type: 'rule', strokeWidth: 5, opacity: 0.25 } as const)
        : ({ type: 'area', opacity: 0.2, line: false } as const),
      encoding: { y: { ...y, field: 'low' }, y2: { field: 'high' } },
    };
    const line = {
      mark: text
        ? ({ type: 'point', filled: true, size: 60 } as const)
        : ({ type: 'line', point: grid.length < 4 } as const),
      encoding: { y: { ...y, field: 'mean' } },
    };
    return {
      title: { text: titles[i], fontSize: 13, offset: 6 },
      data: { values },
      ...PANEL,
      encoding: { x: { ...x, title: null }, color },
      layer: several ? [line] : [spread, line],
    };
  });
  const spec: TopLevelSpec = {
    title: {
      text: 'How the answer goes with a column',
      subtitle: [
        `Partial dependence: the mean answer where a column is set to a value in hold-out rows.`,
        several ? 'One line a class.' : 'Shaded: where 80 % of the rows lie.',
      ],
    },
    columns: 2,
    spacing: 24,
    concat: panels,
  };
  return toSvg(spec, `Partial dependence of the answer on ${titles.join(', ')}.`);
}
