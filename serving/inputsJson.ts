import type { RawBatch } from '../config/raw.ts';

/**
 * The raw columns of these rows (all of them where absent) as JSON, `{ column: values[] }`: missing numbers are null,
 * infinite ones the texts "Infinity" and "-Infinity", missing text is "".
 */
export function inputsJson({ rows, columns }: RawBatch, rowIndexes?: readonly number[]): string {
  let json = '';
  for (const name of Object.keys(columns)) {
    const column = columns[name];
    let values = '';
    for (let i = 0; i < (rowIndexes?.length ?? rows); i++) {
      const value = column[rowIndexes?.[i] ?? i];
      values += `${i === 0 ? '' : ','}${typeof value === 'string' ? JSON.stringify(value) : numberJson(value)}`;
    }
    json += `${json === '' ? '' : ','}${JSON.stringify(name)}:[${values}]`;
  }
  return `{${json}}`;
}

function numberJson(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? 'null' : `"${value}"`;
}
