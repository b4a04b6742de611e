import { readFileSync } from 'node:fs';
import type { ForeignSignature } from '../../config/foreignSignature.ts';
import type { RawBatch } from '../../config/raw.ts';

const folder = new URL('../golden/foreign/', import.meta.url);

/** What test/golden/foreign.py recorded of a model: its signature, raw columns and what Python's ONNX Runtime answers. */
export interface ForeignCase {
  signature: ForeignSignature;
  columns: Record<string, (number | string)[]>;
  label?: (number | string)[];
  probabilities?: number[][];
  prediction?: number[];
}

export const foreignCases = JSON.parse(readFileSync(new URL('../foreign.json', folder), 'utf8')) as Record<
  string,
  ForeignCase
>;

export function foreignFile(name: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(`${name}.onnx`, folder)));
}

export function foreignRows({ columns }: ForeignCase): RawBatch {
  const entries = Object.entries(columns).map(([name, values]): [string, Float64Array | string[]] => [
    name,
    typeof values[0] === 'string' ? values.map(String) : Float64Array.from(values, Number),
  ]);
  return { rows: entries[0][1].length, columns: Object.fromEntries(entries) };
}
