import { rawValue, type RawBatch, type RawType } from '../../config/raw.ts';
import type { ModelVersionRow } from '../../store/types.ts';
import type { GatewayLimits } from '../types.ts';
import type { NumberType } from './datatypes.ts';
import { readNumbers } from './numbers.ts';
import { refusal } from './refusal.ts';
import type { V2Request } from './request.ts';
import type { InputTensor } from './tensor.ts';
import { readTexts } from './texts.ts';

/**
 * The columns that a model reads, from a request's tensors.
 *
 * @param models those that may answer: every column of the first is needed, one of another is taken where it is given
 * @throws PerennialError INVALID_INPUT, TOO_LARGE naming the tensor
 */
export function readBatch(
  models: readonly ModelVersionRow[],
  { inputs, rows }: V2Request,
  { maxTextBytes }: Pick<GatewayLimits, 'maxTextBytes'>,
): RawBatch {
  const types = columnTypes(models);
  // No prototype: a column may be called __proto__ or constructor.
  const columns = Object.create(null) as RawBatch['columns'];
  for (const tensor of inputs) {
    const { name } = tensor;
    const type = types.get(name);
    if (type === undefined) {
      throw refusal(
        `inputs.${name}`,
        `The model "${models[0].name}" has no input "${name.slice(0, 100)}"; it reads ${listed(models[0])}.`,
      );
    }
    if (name in columns) throw refusal(`inputs.${name}`, `The input "${name}" is given twice.`);
    columns[name] = readColumn(tensor, type, maxTextBytes);
  }
  const missing = models[0].signature.inputs.find(({ name }) => !(name in columns));
  if (missing) {
    throw refusal(
      `inputs.${missing.name}`,
      `The input "${missing.name}" is missing; the model "${models[0].name}" reads ${listed(models[0])}.`,
    );
  }
  return { rows, columns };
}

function columnTypes(models: readonly ModelVersionRow[]): Map<string, RawType> {
  const types = new Map<string, RawType>();
  for (const { signature } of models) {
    for (const { name, columnType } of signature.inputs) if (!types.has(name)) types.set(name, columnType);
  }
  return types;
}

function readColumn(tensor: InputTensor, type: RawType, maxTextBytes: number): Float64Array | string[] {
  if (type === 'string') return readTexts(tensor, maxTextBytes);
  if (tensor.datatype !== 'BYTES') return readNumbers(tensor as InputTensor & { datatype: NumberType });
  const texts = readTexts(tensor, maxTextBytes);
  return Float64Array.from(texts, (text, row) => {
    const field = `inputs.${tensor.name}.data[${row}]`;
    const value = rawValue(type, text, field) as number;
    if (Math.abs(value) !== Infinity) return value;
    throw refusal(field, `${field} is "${text.slice(0, 60)}"; expected a finite number.`, { value: text });
  });
}

function listed({ signature }: ModelVersionRow): string {
  const names = signature.inputs.slice(0, 20).map(({ name }) => name);
  const more = signature.inputs.length - names.length;
  return names.join(', ') + (more > 0 ? ` and ${more} more` : '');
}
