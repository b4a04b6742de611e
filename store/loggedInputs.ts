import type { RawBatch } from '../config/raw.ts';

/** What is logged of a request's raw columns: all rows, or these. */
export interface AskedInputs {
  batch: RawBatch;
  rowIndexes?: readonly number[];
}

/** What a request held, as it is read back: one value a row in each column, null where it was missing. */
export type LoggedColumns = Record<string, (number | string | null)[]>;

/**
 * Writes the bytes that `predictions.inputs` keeps, where they are sent from: 20 numbers take 0.15 us and 280 bytes; as
 * JSON, most of whose digits are new in every request, 10 us and 550. Little-endian: 2, rows (u32), bytes of the header
 * (u32), the header, then column by column either float64 numbers (NaN: missing) or texts. The header holds of each
 * column a byte, 1 of text and 0 of numbers, and its name. A text is twice the number of its UTF-16 units, plus 1 where
 * they take two bytes each and not one (u32; of a name u16 where that is below 65,535, else 65,535 and a u32), and they.
 *
 * @param bytes with room for `inputsBound(asked)` from there @param view of the same memory
 * @returns where they end
 */
export function writeInputs(
  { batch, rowIndexes }: AskedInputs,
  bytes: Buffer,
  view: DataView,
  start: number,
): number {
  const { names, isText, header } = layoutOf(batch);
  const count = rowIndexes?.length ?? batch.rows;
  bytes[start] = VERSION;
  view.setUint32(start + 1, count, true);
  view.setUint32(start + 5, header.length, true);
  bytes.set(header, start + HEADER_AT);
  let at = start + HEADER_AT + header.length;
  for (let c = 0; c < names.length; c++) {
    const column = batch.columns[names[c]];
    if (isText[c]) {
      for (let i = 0; i < count; i++)
        at = writeText(bytes, view, at, column[rowIndexes ? rowIndexes[i] : i] as string);
    } else {
      for (let i = 0; i < count; i++, at += 8)
        view.setFloat64(at, column[rowIndexes ? rowIndexes[i] : i] as number, true);
    }
  }
  return at;
}

/** An upper bound of the bytes that `writeInputs` needs. */
export function inputsBound({ batch, rowIndexes }: AskedInputs): number {
  const { names, isText, header, numbers } = layoutOf(batch);
  const count = rowIndexes?.length ?? batch.rows;
  let bound = HEADER_AT + header.length + 8 * count * numbers;
  if (numbers === names.length) return bound;
  for (let c = 0; c < names.length; c++) {
    if (!isText[c]) continue;
    const column = batch.columns[names[c]] as string[];
    for (let i = 0; i < count; i++) bound += 4 + 2 * column[rowIndexes ? rowIndexes[i] : i].length;
  }
  return bound;
}

/**
 * The columns that were logged. Infinite numbers are the texts "Infinity" and "-Infinity", as they are in JSON.
 *
 * @throws Error where these are not the bytes that `writeInputs` made
 */
export function decodeInputs(bytes: Uint8Array): LoggedColumns {
  if (bytes[0] === JSON_BEGINS) return JSON.parse(Buffer.from(bytes).toString()) as LoggedColumns;
  if (bytes[0] !== VERSION)
    throw new Error(`inputs of version ${bytes[0]} were logged; this reads ${VERSION}`);
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const rows = buffer.readUInt32LE(1);
  let at = HEADER_AT + buffer.readUInt32LE(5);
  return Object.fromEntries(
    readHeader(buffer.subarray(HEADER_AT, at)).map(({ name, isText }) => {
      const values = new Array<number | string | null>(rows);
      for (let i = 0; i < rows; i++) {
        if (isText) {
          const length = buffer.readUInt32LE(at);
          values[i] = textAt(buffer, at + 4, length);
          at += 4 + bytesOf(length);
        } else {
          values[i] = valueOf(buffer.readDoubleLE(at));
          at += 8;
        }
      }
      return [name, values];
    }),
  );
}

const VERSION = 2;
const HEADER_AT = 9;
/** "{": what was logged before migration 0011 is JSON. */
const JSON_BEGINS = 0x7b;

/** What batches of the same names and types have in common. */
interface Layout {
  names: readonly string[];
  isText: readonly boolean[];
  /** Columns of numbers. */
  numbers: number;
  header: Buffer;
}

/** Of batches whose maker names their columns by one array. */
const layouts = new WeakMap<readonly string[], Layout>();
/** The last few of all others: a gateway serves few models, each with the same columns in every request. */
const recent: Layout[] = [];
const MAX_RECENT = 16;

function layoutOf({ columns, names }: RawBatch): Layout {
  if (names) {
    let layout = layouts.get(names);
    if (layout === undefined) layouts.set(names, (layout = makeLayout(names, columns)));
    return layout;
  }
  const own = Object.keys(columns);
  for (const layout of recent) if (isOf(layout, own, columns)) return layout;
  const layout = makeLayout(own, columns);
  recent.unshift(layout);
  recent.length = Math.min(recent.length, MAX_RECENT);
  return layout;
}

function makeLayout(names: readonly string[], columns: RawBatch['columns']): Layout {
  const isText = names.map((name) => !(columns[name] instanceof Float64Array));
  const header = Buffer.alloc(names.reduce((sum, name) => sum + NAME_BOUND + 2 * name.length, 0));
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  let at = 0;
  for (const [c, name] of names.entries()) {
    header[at++] = Number(isText[c]);
    const isWide = isWideText(name);
    const length = 2 * name.length + Number(isWide);
    view.setUint16(at, Math.min(length, LONG_NAME), true);
    at += 2;
    if (length >= LONG_NAME) {
      view.setUint32(at, length, true);
      at += 4;
    }
    at += header.write(name, at, isWide ? 'utf16le' : 'latin1');
  }
  const numbers = isText.filter((text) => !text).length;
  return { names, isText, numbers, header: header.subarray(0, at) };
}

function readHeader(header: Buffer): { name: string; isText: boolean }[] {
  const columns: { name: string; isText: boolean }[] = [];
  for (let at = 0; at < header.length;) {
    const isText = header[at] === 1;
    let length = header.readUInt16LE(at + 1);
    at += 3;
    if (length === LONG_NAME) {
      length = header.readUInt32LE(at);
      at += 4;
    }
    columns.push({ name: textAt(header, at, length), isText });
    at += bytesOf(length);
  }
  return columns;
}

/** The u16 that says that a u32 follows. */
const LONG_NAME = 0xffff;
/** Type and lengths. */
const NAME_BOUND = 1 + 2 + 4;

function isOf(layout: Layout, names: readonly string[], columns: RawBatch['columns']): boolean {
  if (layout.names.length !== names.length) return false;
  for (let i = 0; i < names.length; i++) {
    if (names[i] !== layout.names[i] || columns[names[i]] instanceof Float64Array === layout.isText[i])
      return false;
  }
  return true;
}

/** UTF-16 and not UTF-8, since a text of JSON may hold half a surrogate pair. @returns where it ends */
function writeText(bytes: Buffer, view: DataView, at: number, text: string): number {
  const isWide = isWideText(text);
  view.setUint32(at, 2 * text.length + Number(isWide), true);
  return at + 4 + bytes.write(text, at + 4, isWide ? 'utf16le' : 'latin1');
}

function isWideText(text: string): boolean {
  let widest = 0;
  for (let i = 0; i < text.length; i++) widest |= text.charCodeAt(i);
  return widest > 0xff;
}

/** @param length twice the units, plus 1 where each takes two bytes */
const bytesOf = (length: number): number => (length >>> 1) * (length & 1 ? 2 : 1);

function textAt(bytes: Buffer, at: number, length: number): string {
  return bytes.toString(length & 1 ? 'utf16le' : 'latin1', at, at + bytesOf(length));
}

function valueOf(number: number): number | string | null {
  if (Number.isFinite(number)) return number;
  return Number.isNaN(number) ? null : String(number);
}
