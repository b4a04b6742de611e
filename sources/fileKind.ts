import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Source } from '../config/definition.ts';
import { PerennialError } from '../config/errors.ts';

export type FileKind = 'csv' | 'parquet' | 'json';

const KINDS: [RegExp, FileKind][] = [
  [/\.(csv|tsv|txt)(\.(gz|zst))?$/i, 'csv'],
  [/\.(parquet|pq)$/i, 'parquet'],
  [/\.(json|jsonl|ndjson)(\.(gz|zst))?$/i, 'json'],
];

/** @throws PerennialError INVALID_INPUT */
export function fileKind(path: string): FileKind {
  const kind = KINDS.find(([pattern]) => pattern.test(path))?.[1];
  if (kind) return kind;
  throw new PerennialError('INVALID_INPUT', `${path}: the kind of file cannot be told from its name.`, {
    field: 'path',
    value: path,
    expected: 'a name ending in .csv, .tsv, .parquet, .json, .jsonl or .ndjson',
  });
}

/** A file that somebody names outside of a definition, as a source. @throws PerennialError SOURCE_NOT_FOUND */
export async function fileSource(
  path: string,
): Promise<{ name: string; kind: FileKind; files: string[]; spec: Exclude<Source, { kind: 'postgres' }> }> {
  const kind = fileKind(path);
  const absolute = resolve(path);
  if (!(await stat(absolute).catch(() => undefined))?.isFile()) {
    throw new PerennialError('SOURCE_NOT_FOUND', `${absolute} does not exist, or is no file.`, {
      field: 'path',
      value: path,
      expected: 'a file',
    });
  }
  const spec = kind === 'csv' ? { kind, from: absolute, header: true, nulls: [] } : { kind, from: absolute };
  return { name: 'input', kind, files: [absolute], spec };
}
