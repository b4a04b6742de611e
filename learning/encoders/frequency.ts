import { fitCategories, lookUpText, matchNumbers } from './categories.ts';
import type { Encoder } from './encoder.ts';

/** The share of training rows that have the same value, 0..1; unseen and missing values give 0. Looks at no target. */
export const frequency: Encoder<'frequency'> = {
  accepts: ['string', 'number', 'boolean'],
  fit: ({ maxCategories }, columns) =>
    columns.map((column) => {
      const { fitted, shares } = fitCategories(column, maxCategories);
      return { kind: 'frequency', ...fitted, shares };
    }),
  names: ({ column }) => [`${column}_frequency`],
  compile(block, graph, inputs) {
    if (block.text) return lookUpText(block, 'floats', block.shares, 0, graph, inputs);
    const shares = graph.constant({ type: 'float', dims: [block.shares.length, 1], values: block.shares });
    return graph.node('MatMul', [matchNumbers(block, graph, inputs), shares])[0];
  },
};
