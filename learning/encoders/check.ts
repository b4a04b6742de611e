import type { Column } from '../../decisions/profile.ts';
import { parseCategory } from './categories.ts';
import type { RawColumnType } from './fitted.ts';
import { encoders } from './shelf.ts';
import type { Feature } from './spec.ts';

/** A feature that its column cannot bear: where it stands in the definition, what was found and what would be right. */
export class FeatureError extends RangeError {
  readonly field: string;
  readonly value: unknown;
  readonly expected: string;

  constructor(field: string, value: unknown, found: string, expected: string) {
    super(`${field} is ${JSON.stringify(value)}${found ? `, ${found}` : ''}; expected ${expected}.`);
    this.name = 'FeatureError';
    this.field = field;
    this.value = value;
    this.expected = expected;
  }
}

/**
 * Holds every feature against the types of its columns, before anything heavy runs.
 *
 * @throws FeatureError naming for example `features[1].columns[0]`
 */
export function checkFeatureTypes(features: readonly Feature[], columns: readonly Column[]): void {
  const types = new Map(columns.map((column) => [column.name, column]));
  const imputed = new Map<string, number>();
  features.forEach((feature, i) => {
    feature.columns.forEach((name, j) => {
      const field = `features[${i}].columns[${j}]`;
      const column = types.get(name);
      if (!column)
        throw new FeatureError(field, name, 'which the dataset does not have', `one of ${listed(columns)}`);
      if (OUTPUT_NAMES.includes(name)) {
        throw new FeatureError(
          field,
          name,
          'the name of an output of the model',
          `another name: give it one in the dataset's SELECT`,
        );
      }
      const accepts =
        feature.kind === 'impute' ? imputable(feature.strategy) : encoders[feature.kind].accepts;
      if (column.type === 'other' || !accepts.includes(column.type)) {
        throw new FeatureError(
          field,
          name,
          `of type ${column.type} (${column.sqlType})`,
          `a column of type ${accepts.join(' or ')} for ${titleOf(feature)}${hint(feature)}`,
        );
      }
      if (feature.kind === 'impute') {
        const earlier = imputed.get(name);
        if (earlier !== undefined)
          throw new FeatureError(
            field,
            name,
            `imputed by features[${earlier}] already`,
            'one impute a column',
          );
        imputed.set(name, i);
      }
      checkValues(feature, i, column.type);
    });
  });
}

/** Outputs of the graphs; ONNX has one name space for inputs and outputs. */
export const OUTPUT_NAMES: readonly string[] = ['features', 'label', 'probabilities', 'prediction'];

function imputable(strategy: Extract<Feature, { kind: 'impute' }>['strategy']): readonly RawColumnType[] {
  switch (strategy) {
    case 'mean':
    case 'median':
    case 'none': // a missing text is a category of its own to ordinal, and none to the others
      return ['number', 'boolean', 'timestamp'];
    case 'mostFrequent':
      return ['number', 'boolean', 'string']; // profiles list no times: nearly every one is different
    case 'constant':
      return ['number', 'boolean', 'timestamp', 'string'];
  }
}

/** Values that the definition gives have to be of the column's type. */
function checkValues(feature: Feature, i: number, type: RawColumnType): void {
  if (feature.kind === 'impute' && feature.strategy === 'constant') {
    const { value } = feature;
    const expected = {
      string: 'a string that is not empty',
      boolean: 'true or false',
      number: 'a number',
      timestamp: 'epoch milliseconds',
    }[type];
    const fits =
      type === 'string'
        ? typeof value === 'string' && value !== ''
        : type === 'boolean'
          ? typeof value === 'boolean'
          : Number.isFinite(value);
    if (!fits)
      throw new FeatureError(`features[${i}].value`, value ?? null, '', `${expected} for a ${type} column`);
  }
  if (feature.kind === 'ordinal' && feature.categories) {
    const seen = new Set<string | number>();
    feature.categories.forEach((text, k) => {
      const category = parseCategory(type, text);
      const field = `features[${i}].categories[${k}]`;
      if (category === '') throw new FeatureError(field, text, 'which means missing', 'a value');
      if (Number.isNaN(category)) throw new FeatureError(field, text, '', `a ${type} as text`);
      if (seen.has(category))
        throw new FeatureError(field, text, 'which stands there twice', 'every category once');
      seen.add(category);
    });
  }
}

function titleOf(feature: Feature): string {
  return feature.kind === 'impute' ? `impute by ${feature.strategy}` : feature.kind;
}

function hint({ kind }: Feature): string {
  if (kind === 'cyclic') return ` (CAST it in the dataset's SELECT)`;
  if (kind === 'standardize' || kind === 'minMax' || kind === 'passthrough')
    return '; oneHot, ordinal, frequency and category take text';
  return '';
}

function listed(columns: readonly Column[]): string {
  const names = columns.slice(0, 20).map(({ name }) => name);
  return names.join(', ') + (columns.length > names.length ? ` ... (${columns.length} columns)` : '');
}
