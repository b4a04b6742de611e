import { filled, toFloat } from './arithmetic.ts';
import type { Encoder } from './encoder.ts';
import { fillOf } from './statistics.ts';

/** As it is. Timestamps are epoch milliseconds, of which float32 keeps about two minutes. */
export const passthrough: Encoder<'passthrough'> = {
  accepts: ['number', 'boolean', 'timestamp'],
  fit: (_feature, columns) => [
    { kind: 'passthrough', columns: columns.map(({ profile }) => profile.name), fill: columns.map(fillOf) },
  ],
  names: ({ columns }) => columns,
  compile: ({ columns, fill }, graph, inputs) => toFloat(graph, filled(graph, inputs.numbers(columns), fill)),
};
