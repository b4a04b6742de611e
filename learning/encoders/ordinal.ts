import {
  categoriesOf,
  fitCategories,
  lookUpText,
  matchNumbers,
  parseCategory,
  positionsOf,
} from './categories.ts';
import type { Encoder, TrainingColumn } from './encoder.ts';
import type { FittedCategories } from './fitted.ts';

/** The index of the category, as declared or by order of value in training; unseen and missing values give -1. */
export const ordinal: Encoder<'ordinal'> = {
  accepts: ['string', 'number', 'boolean'],
  fit: ({ categories }, columns) =>
    columns.map((column) => ({
      kind: 'ordinal',
      ...(categories ? declared(column, categories) : everyValue(column)),
    })),
  names: ({ column }) => [`${column}_ordinal`],
  compile(block, graph, inputs) {
    const positions = block.categories.map((_, i) => i);
    if (block.text) return lookUpText(block, 'floats', positions, -1, graph, inputs);
    // The position plus one, or 0 where none matches; then one less.
    const sum = positionsOf(
      matchNumbers(block, graph, inputs),
      positions.map((i) => i + 1),
      graph,
    );
    return graph.node('Sub', [sum, graph.constant({ type: 'float', dims: [], values: [1] })])[0];
  },
};

function declared(column: TrainingColumn, categories: string[]): FittedCategories {
  return categoriesOf(
    column,
    categories.map((text) => parseCategory(column.profile.type, text)),
  );
}

function everyValue(column: TrainingColumn): FittedCategories {
  const { name, distinct, top } = column.profile;
  const known = top?.length ?? 0;
  if (distinct > known) {
    throw new RangeError(
      `column "${name}": ordinal needs all of its ${distinct} values in order and the profile lists ${known}; ` +
        'declare `categories`, or use frequency',
    );
  }
  return fitCategories(column, Infinity).fitted;
}
