import type { GraphBuilder } from '../onnx/graph.ts';
import { flat, isWithin, perColumn, scalar } from './arithmetic.ts';
import { calendarPart, PERIODS } from './calendar.ts';
import type { Encoder } from './encoder.ts';
import type { CyclicPart } from './spec.ts';

/**
 * sin and cos of 2 pi part / period, in UTC; the part counts from 0 (Monday, the first of the month, January).
 * Missing times, and those outside of JavaScript's calendar (100,000,000 days around 1970), give 0, 0.
 */
export const cyclic: Encoder<'cyclic'> = {
  accepts: ['timestamp'],
  fit: ({ part }, columns) => [
    {
      kind: 'cyclic',
      columns: columns.map(({ profile }) => profile.name),
      part,
      fill: columns.map(({ imputed }) => (typeof imputed === 'number' ? imputed : null)),
    },
  ],
  names: ({ columns, part }) =>
    columns.flatMap((column) => [`${column}_${part}_sin`, `${column}_${part}_cos`]),
  compile({ columns, part, fill }, graph, inputs) {
    const x = inputs.numbers(columns);
    const [there] = isWithin(graph, x, MAX_TIME);
    const fallback = perColumn(
      graph,
      fill.map((value) => value ?? 0),
    );
    const [time] = graph.node('Where', [there, x, fallback]);
    const position = calendarPart(part, graph, graph.node('Floor', [time])[0]);
    const missing = perColumn(
      graph,
      fill.map((value) => (value === null ? 1 : 0)),
    );
    const [unknown] = graph.node('And', [
      graph.node('Not', [there])[0],
      graph.node('Equal', [missing, scalar(graph, 1)])[0],
    ]);
    const [row] = graph.node('Where', [unknown, scalar(graph, PERIODS[part]), position]);
    const [index] = graph.node('Cast', [row], { to: { int: INT64 } });
    const [pairs] = graph.node('Gather', [circle(part, graph), index]); // [N, columns, 2]
    return flat(graph, pairs, columns.length * 2);
  },
};

/** [period + 1, 2]: sine and cosine of every position, and 0, 0 for a missing one. */
function circle(part: CyclicPart, graph: GraphBuilder): string {
  const period = PERIODS[part];
  const values: number[] = [];
  for (let i = 0; i < period; i++)
    values.push(Math.sin((2 * Math.PI * i) / period), Math.cos((2 * Math.PI * i) / period));
  return graph.constant({ type: 'float', dims: [period + 1, 2], values: [...values, 0, 0] });
}

/** The largest time value of ECMAScript, in milliseconds: within it, all sums below are exact in 64 bits. */
const MAX_TIME = 8.64e15;
const INT64 = 7;
