import type { Attribute, GraphBuilder } from '../onnx/graph.ts';
import { isWithin, perColumn, castToFloat } from './arithmetic.ts';
import type { TrainingColumn } from './encoder.ts';
import type { FittedCategories, RawColumnType } from './fitted.ts';
import type { RawInputs } from './inputs.ts';

/**
 * The most frequent values of training, at most `max` (the profile lists 1,000), after imputation, with their shares of
 * all training rows. They stand in order of value, so that a shift of frequencies does not reorder a model's columns.
 */
export function fitCategories(
  column: TrainingColumn,
  max: number,
): { fitted: FittedCategories; shares: number[] } {
  const { profile } = column;
  const kept = rankValues(column)
    .slice(0, max)
    .sort(([a], [b]) => compareValues(a, b));
  if (kept.length === 0)
    throw new RangeError(`column "${profile.name}": the profile lists none of its training values`);
  return {
    fitted: categoriesOf(
      column,
      kept.map(([value]) => value),
    ),
    shares: kept.map(([, count]) => count / profile.rows),
  };
}

/** The values of training that the profile lists, after imputation, with their counts: most frequent first, then by value. */
export function rankValues({ profile, imputed }: TrainingColumn): [value: string | number, count: number][] {
  const counts = new Map<string | number, number>();
  const add = (value: string | number, count: number) => counts.set(value, (counts.get(value) ?? 0) + count);
  for (const { value, count } of profile.top ?? []) {
    const parsed = parseCategory(profile.type, value);
    if (parsed !== '' && (typeof parsed === 'string' || Number.isFinite(parsed))) add(parsed, count);
  }
  const absent = profile.missing + profile.infinite;
  if (imputed !== undefined && absent > 0) add(imputed, absent);
  return [...counts].sort(([a, m], [b, n]) => n - m || compareValues(a, b));
}

/** The given values as categories of a column; text is turned into the column's type. */
export function categoriesOf(
  { profile, imputed }: TrainingColumn,
  values: (string | number)[],
): FittedCategories {
  if (profile.type === 'string') {
    const fill = typeof imputed === 'string' ? imputed : null;
    return { column: profile.name, text: true, categories: values.map(String), fill };
  }
  const fill = typeof imputed === 'number' ? imputed : null;
  return { column: profile.name, text: false, categories: values.map(Number), fill };
}

/** Text as a profile or a definition writes a value of that type; NaN where it is none. */
export function parseCategory(type: RawColumnType, text: string): string | number {
  if (type === 'string') return text;
  if (type === 'boolean' && text === 'true') return 1;
  if (type === 'boolean' && text === 'false') return 0;
  return text.trim() === '' ? NaN : Number(text);
}

/** For the name of an output column: `weekday=3`, `delayed=true`. */
export function categoryName(column: string, value: string | number): string {
  return `${column}=${value}`;
}

/** Float32 [N, categories]: 1 where the number is that category. Missing and unseen numbers match none. */
export function matchNumbers(
  block: FittedCategories & { text: false },
  graph: GraphBuilder,
  inputs: RawInputs,
): string {
  let x = inputs.numbers([block.column]);
  if (block.fill !== null) {
    const [there] = isWithin(graph, x, Number.MAX_VALUE);
    [x] = graph.node('Where', [there, x, perColumn(graph, [block.fill])]);
  }
  return castToFloat(graph, graph.node('Equal', [x, perColumn(graph, block.categories)])[0]);
}

/** Float32 [N, 1] of what `matchNumbers` gave: the number of the one category that matches, or 0. */
export function positionsOf(matches: string, numbers: number[], graph: GraphBuilder): string {
  const weights = graph.constant({ type: 'float', dims: [numbers.length, 1], values: numbers });
  return graph.node('MatMul', [matches, weights])[0];
}

/**
 * [N, 1]: the value that stands for each text, or `other`. A missing text is the empty string; where it is imputed it
 * gets what its replacement gets, which one more key of the same table does.
 */
export function lookUpText(
  block: FittedCategories & { text: true },
  as: 'floats' | 'int64s',
  values: number[],
  other: number,
  graph: GraphBuilder,
  inputs: RawInputs,
): string {
  const keys = [...block.categories];
  const found = [...values];
  const replacement = block.fill === null ? -1 : keys.indexOf(block.fill);
  if (replacement >= 0) {
    keys.push('');
    found.push(values[replacement]);
  }
  const attributes: Record<string, Attribute> =
    as === 'floats'
      ? { values_floats: { floats: found }, default_float: { float: other } }
      : { values_int64s: { ints: found }, default_int64: { int: other } };
  const strings = { keys_strings: { strings: keys } };
  const ml = { domain: 'ai.onnx.ml' } as const;
  return graph.node('LabelEncoder', [inputs.text(block.column)], { ...strings, ...attributes }, ml)[0];
}

/** Numbers by size, text by UTF-16 code units: the same on every machine. */
function compareValues(a: string | number, b: string | number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
