import type { Source } from '../config/definition.ts';
import type { ColumnProfile } from '../decisions/profile.ts';
import { attach } from './attach.ts';
import { describe } from './describe.ts';
import { openEngine, type EngineOptions } from './engine.ts';
import { fileSource } from './fileKind.ts';
import { profileColumns } from './profile.ts';
import { quoteName } from './quote.ts';

export interface InferredFile {
  /** As a definition would declare it, with the absolute path. */
  source: Exclude<Source, { kind: 'postgres' }>;
  rows: number;
  columns: ColumnProfile[];
  /** A first guess for a person to correct. */
  guess: { target?: string; key?: string; time?: string };
}

/**
 * What a file holds: columns, types, exact profile, and a guess at what could be learned from it.
 *
 * @throws PerennialError SOURCE_NOT_FOUND, SOURCE_UNREADABLE, INVALID_INPUT
 */
export async function inferFile(path: string, options: EngineOptions): Promise<InferredFile> {
  const source = await fileSource(path);
  const engine = await openEngine(options);
  try {
    await attach(engine, source, true, {});
    const relation = quoteName(source.name);
    const columns = await profileColumns(engine, relation, await describe(engine, relation));
    const rows = columns[0]?.rows ?? 0;
    return { source: source.spec, rows, columns, guess: guess(columns) };
  } finally {
    await engine.close();
  }
}

/**
 * Time: the first column of times. Key: the first text or whole-number column with a value of its own in every row.
 * Target: the last column with two values, else the last with up to 20 that repeat, else the last number.
 */
function guess(columns: readonly ColumnProfile[]): InferredFile['guess'] {
  const time = columns.find((c) => c.type === 'timestamp');
  const key = columns.find(
    (c) => c.rows > 1 && c.distinct === c.rows && (c.type === 'string' || /INT(EGER)?$/.test(c.sqlType)),
  );
  const candidates = columns.filter((c) => c !== time && c !== key && c.missing === 0 && c.distinct >= 2);
  const target =
    candidates.findLast((c) => c.distinct === 2) ??
    candidates.findLast((c) => c.distinct <= 20 && c.distinct * 2 <= c.rows) ??
    candidates.findLast((c) => c.type === 'number');
  return { target: target?.name, key: key?.name, time: time?.name };
}
