import { flat } from './arithmetic.ts';
import { categoryName, fitCategories, lookUpText, matchNumbers } from './categories.ts';
import type { Encoder } from './encoder.ts';

/** One column a category, 1 where the value is that category; unseen and missing values give zeros. */
export const oneHot: Encoder<'oneHot'> = {
  accepts: ['string', 'number', 'boolean'],
  fit: ({ maxCategories }, columns) =>
    columns.map((column) => ({ kind: 'oneHot', ...fitCategories(column, maxCategories).fitted })),
  names: ({ column, categories }) => categories.map((value) => categoryName(column, value)),
  compile(block, graph, inputs) {
    if (!block.text) return matchNumbers(block, graph, inputs);
    const positions = block.categories.map((_, i) => i);
    const index = lookUpText(block, 'int64s', positions, -1, graph, inputs);
    const [hot] = graph.node(
      'OneHotEncoder',
      [index],
      { cats_int64s: { ints: positions }, zeros: { int: 1 } },
      { domain: 'ai.onnx.ml' },
    );
    return flat(graph, hot, positions.length); // [N, 1, categories]
  },
};
