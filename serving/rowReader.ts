import { PerennialError } from '../config/errors.ts';
import { rawValue, type RawBatch } from '../config/raw.ts';
import type { ModelVersionRow, Signature } from '../store/types.ts';

export type Row = Readonly<Record<string, unknown>>;

/** Reads rows of JSON into columns. @param fieldOf the path of a row, for messages */
export type RowReader = (rows: readonly Row[], fieldOf: (index: number) => string) => RawBatch;

type Column = Signature['inputs'][number];

/**
 * Compiles what turns rows into the columns that these versions read. A column of the first must be in every row, null
 * where it is missing: one that is absent is more often a misspelling, which would be scored in silence. A column that
 * only a later version reads is taken where every row has it. Other fields of a row are passed over: people send
 * rows of the table that the model was trained on, with its key and its target.
 *
 * @param versions at least one
 * @param maxTextBytes of one value
 */
export function compileRowReader(
  versions: readonly Pick<ModelVersionRow, 'signature'>[],
  maxTextBytes: number,
): RowReader {
  const [first, ...later] = versions.map(({ signature }) => signature.inputs);
  const needed = first.map((column) => compileColumn(column, maxTextBytes));
  const known = new Set(first.map(({ name }) => name));
  const optional = later
    .flat()
    .filter(({ name }) => !known.has(name) && known.add(name))
    .map((column) => ({ name: column.name, read: compileColumn(column, maxTextBytes).read }));

  const names = needed.map(({ name }) => name);
  const allNames = [...names, ...optional.map(({ name }) => name)];

  return (rows, fieldOf) => {
    // No prototype: a column may be called constructor.
    const columns = Object.create(null) as RawBatch['columns'];
    for (const { name, read } of needed) {
      const column = read(rows, fieldOf);
      if (column === undefined) throw absent(name, first, rows, fieldOf);
      columns[name] = column;
    }
    let taken = 0;
    for (const { name, read } of optional) {
      const column = read(rows, fieldOf);
      if (column === undefined) continue;
      columns[name] = column;
      taken++;
    }
    const isWhole = taken === optional.length;
    return { rows: rows.length, columns, names: isWhole ? allNames : taken === 0 ? names : undefined };
  };
}

interface CompiledColumn {
  name: string;
  /** Undefined where a row does not have it. */
  read: (rows: readonly Row[], fieldOf: (index: number) => string) => Float64Array | string[] | undefined;
}

function compileColumn({ name, columnType: type }: Column, maxTextBytes: number): CompiledColumn {
  // Every object has a `constructor` and a `toString` that are no columns.
  const inherited = name in Object.prototype;
  const valueOf = inherited
    ? (row: Row) => (Object.hasOwn(row, name) ? row[name] : undefined)
    : (row: Row) => row[name];
  const at = (fieldOf: (index: number) => string, index: number) => `${fieldOf(index)}.${name}`;

  if (type === 'string') {
    return {
      name,
      read(rows, fieldOf) {
        const column = new Array<string>(rows.length);
        for (let i = 0; i < rows.length; i++) {
          const value = valueOf(rows[i]);
          if (value === undefined) return undefined;
          const text = typeof value === 'string' ? value : String(rawValue(type, value, at(fieldOf, i)));
          refuseText(text, maxTextBytes, fieldOf, i, name);
          column[i] = text;
        }
        return column;
      },
    };
  }
  return {
    name,
    read(rows, fieldOf) {
      const column = new Float64Array(rows.length);
      for (let i = 0; i < rows.length; i++) {
        const value = valueOf(rows[i]);
        if (value === undefined) return undefined;
        column[i] = typeof value === 'number' ? value : Number(rawValue(type, value, at(fieldOf, i)));
      }
      return column;
    },
  };
}

/** A UTF-16 unit takes at most 3 bytes of UTF-8, so short texts need no counting. */
function refuseText(
  text: string,
  maxBytes: number,
  fieldOf: (index: number) => string,
  index: number,
  name: string,
): void {
  if (LONE_SURROGATE.test(text)) {
    throw new PerennialError('INVALID_INPUT', `${fieldOf(index)}.${name} holds half of a character.`, {
      field: `${fieldOf(index)}.${name}`,
      expected: 'text that can be written as UTF-8',
    });
  }
  if (text.length * 3 <= maxBytes || Buffer.byteLength(text) <= maxBytes) return;
  throw new PerennialError(
    'TOO_LARGE',
    `${fieldOf(index)}.${name} has ${Buffer.byteLength(text)} bytes; at most ${maxBytes} are taken.`,
    {
      field: `${fieldOf(index)}.${name}`,
      value: `${Buffer.byteLength(text)} bytes`,
      expected: `at most ${maxBytes} bytes`,
    },
  );
}

/** JSON can escape half of a character; in UTF-8 it would silently become another one. */
const LONE_SURROGATE = /\p{Surrogate}/u;

function absent(
  name: string,
  columns: readonly Column[],
  rows: readonly Row[],
  fieldOf: (index: number) => string,
): PerennialError {
  const index = rows.findIndex((row) => !Object.hasOwn(row, name));
  const reads = listed(columns.map((column) => column.name));
  const others = Object.keys(rows[index]).filter((field) => !columns.some((column) => column.name === field));
  const instead = others.length === 0 ? '' : ` It has ${listed(others)}, which the model does not read.`;
  return new PerennialError(
    'INVALID_INPUT',
    `${fieldOf(index)} has no "${name}"; the model reads ${reads}.${instead}`,
    { field: `${fieldOf(index)}.${name}`, expected: 'a value, or null where it is missing' },
  );
}

function listed(names: readonly string[]): string {
  return names.slice(0, 20).join(', ') + (names.length > 20 ? ` ... (${names.length} columns)` : '');
}
