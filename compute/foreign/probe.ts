import type { ForeignSignature } from '../../config/foreignSignature.ts';
import type { RawBatch } from '../../config/raw.ts';
import { readAttribute, readValues, type Outline } from '../../learning/onnx/outline.ts';
import { deriveSeed, Random } from '../../learning/rng.ts';
import { STRING } from './types.ts';

/**
 * Rows made up for a model of which nothing but its columns is known: numbers of several sizes, texts that the graph
 * itself holds (the categories of its encoders) and one that it does not. The same graph and signature give the same
 * rows.
 */
export function probeRows(outline: Outline, { inputs }: ForeignSignature, rows: number): RawBatch {
  const texts = [...textsOf(outline), 'something else'];
  const columns = Object.create(null) as RawBatch['columns'];
  inputs.forEach(({ name, columnType }, column) => {
    const random = new Random(deriveSeed(0, 'probe', column));
    const pick = (): number => random.unit();
    const make = {
      number: () => Math.round((pick() - 0.25) * 10 ** Math.floor(pick() * 3 + 1) * 100) / 100,
      boolean: () => Number(pick() < 0.5),
      timestamp: () => FIRST_MS + Math.floor(pick() * SPAN_MS),
    };
    columns[name] =
      columnType === 'string'
        ? Array.from({ length: rows }, () => texts[Math.floor(pick() * texts.length)])
        : Float64Array.from({ length: rows }, make[columnType]);
  });
  return { rows, columns };
}

/** From 2020 on, five years. */
const FIRST_MS = Date.UTC(2020, 0, 1);
const SPAN_MS = 5 * 365 * 86_400_000;
const MAX_TEXTS = 1_000;

function textsOf({ nodes, initializers }: Outline): string[] {
  const texts = new Set<string>();
  const add = (values: (string | number)[] | undefined): void =>
    values?.forEach((value) => typeof value === 'string' && texts.size < MAX_TEXTS && texts.add(value));
  for (const { attributes } of nodes)
    for (const name of ['cats_strings', 'keys_strings', 'classes_strings']) {
      const attribute = attributes.get(name);
      if (attribute) add(readAttribute(attribute));
    }
  for (const tensor of initializers) if (tensor.dataType === STRING) add(readValues(tensor));
  return [...texts];
}
