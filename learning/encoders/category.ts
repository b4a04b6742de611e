import { fitCategories, lookUpText, matchNumbers, positionsOf } from './categories.ts';
import type { Encoder } from './encoder.ts';

/**
 * The number of the category, 1 to at most 255 by order of value; unseen and missing values give 0, which is no category.
 * The numbers are names and no sizes: learners that take categories cut them into sets.
 */
export const category: Encoder<'category'> = {
  accepts: ['string', 'number', 'boolean'],
  fit: ({ maxCategories }, columns) =>
    columns.map((column) => ({ kind: 'category', ...fitCategories(column, maxCategories).fitted })),
  names: ({ column }) => [`${column}_category`],
  compile(block, graph, inputs) {
    const numbers = block.categories.map((_, i) => i + 1);
    if (block.text) return lookUpText(block, 'floats', numbers, 0, graph, inputs);
    return positionsOf(matchNumbers(block, graph, inputs), numbers, graph);
  },
};
