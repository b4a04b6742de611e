import type { GraphBuilder } from '../onnx/graph.ts';
import type { FittedEncoders } from './fitted.ts';

/** The graph's raw inputs, as the encoders read them. */
export interface RawInputs {
  /** A string tensor [N, 1]. */
  text(column: string): string;
  /** Columns side by side: a double tensor [N, columns.length]. */
  numbers(columns: string[]): string;
}

/** Declares every raw column as an input of the graph: strings as string, all others as double. */
export function declareInputs(inputs: FittedEncoders['inputs'], graph: GraphBuilder): RawInputs {
  for (const { name, columnType } of inputs) graph.input(name, columnType === 'string' ? 'string' : 'double');
  const joined = new Map<string, string>();
  return {
    text: (column) => column,
    numbers(columns) {
      const [only] = columns;
      if (columns.length === 1) return only;
      const key = JSON.stringify(columns);
      const tensor = joined.get(key) ?? graph.node('Concat', columns, { axis: { int: 1 } })[0];
      joined.set(key, tensor);
      return tensor;
    },
  };
}
