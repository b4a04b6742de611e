import type { RawBatch } from '../config/raw.ts';

/** What a request held, as it is read back: one value a row in each column, null where it was missing. */
export type LoggedColumns = Record<string, (number | string | null)[]>;

/**
 * A request's raw columns (of all rows, or of these) as the bytes that `predictions.inputs` keeps. Little-endian: 1, rows
 * (u32), bytes of the header (u32), the header, then column by column either float64 numbers (NaN: missing) or texts,
 * each a u32 of twice its UTF-16 units, plus 1 where they take two bytes each and not one. The header is JSON, [name,
 * is text] a column.
 *
 * 20 numbers take 1 us and 230 bytes; as JSON, most of whose digits are new in every request, 10 us and 550.
 */
export function encodeInputs({ rows, columns }: RawBatch, rowIndexes?: readonly number[]): Buffer {
  const names = Object.keys(columns);
  const { bytes: header } = headerOf(names, columns);
  const count = rowIndexes?.length ?? rows;
  const bytes = Buffer.allocUnsafe(boundOf(header.length, names, columns, rowIndexes));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  bytes[0] = VERSION;
  view.setUint32(1, count, true);
  view.setUint32(5, header.length, true);
  bytes.set(header, HEADER_AT);
  let at = HEADER_AT + header.length;
  for (const name of names) {
    const column = columns[name];
    if (column instanceof Float64Array) {
      for (let i = 0; i < count; i++, at += 8)
        view.setFloat64(at, column[rowIndexes ? rowIndexes[i] : i], true);
      continue;
    }
    for (let i = 0; i < count; i++) at = writeText(bytes, view, at, column[rowIndexes ? rowIndexes[i] : i]);
  }
  return bytes.subarray(0, at);
}

/**
 * The columns that were logged. Infinite numbers are the texts "Infinity" and "-Infinity", as they are in JSON.
 *
 * @throws Error where these are not the bytes that `encodeInputs` made
 */
export function decodeInputs(bytes: Uint8Array): LoggedColumns {
  if (bytes[0] === JSON_BEGINS) return JSON.parse(Buffer.from(bytes).toString()) as LoggedColumns;
  if (bytes[0] !== VERSION)
    throw new Error(`inputs of version ${bytes[0]} were logged; this reads ${VERSION}`);
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const rows = buffer.readUInt32LE(1);
  let at = HEADER_AT + buffer.readUInt32LE(5);
  const header = JSON.parse(buffer.toString('utf8', HEADER_AT, at)) as [string, boolean][];
  return Object.fromEntries(
    header.map(([name, isText]) => {
      const values = new Array<number | string | null>(rows);
      for (let i = 0; i < rows; i++) {
        if (isText) {
          const length = buffer.readUInt32LE(at);
          const end = at + 4 + (length >>> 1) * (length & 1 ? 2 : 1);
          values[i] = buffer.toString(length & 1 ? 'utf16le' : 'latin1', at + 4, end);
          at = end;
        } else {
          values[i] = valueOf(buffer.readDoubleLE(at));
          at += 8;
        }
      }
      return [name, values];
    }),
  );
}

const VERSION = 1;
const HEADER_AT = 9;
/** "{": what was logged before migration 0011 is JSON. */
const JSON_BEGINS = 0x7b;

interface Header {
  names: readonly string[];
  isText: readonly boolean[];
  bytes: Buffer;
}

/** The last few: a gateway serves few models, each with the same columns in every request. */
const headers: Header[] = [];
const MAX_HEADERS = 16;

function headerOf(names: readonly string[], columns: RawBatch['columns']): Header {
  for (const header of headers) if (isOf(header, names, columns)) return header;
  const isText = names.map((name) => !(columns[name] instanceof Float64Array));
  const bytes = Buffer.from(JSON.stringify(names.map((name, i) => [name, isText[i]])));
  const header = { names, isText, bytes };
  headers.unshift(header);
  headers.length = Math.min(headers.length, MAX_HEADERS);
  return header;
}

function isOf(header: Header, names: readonly string[], columns: RawBatch['columns']): boolean {
  if (header.names.length !== names.length) return false;
  for (let i = 0; i < names.length; i++) {
    if (names[i] !== header.names[i] || columns[names[i]] instanceof Float64Array === header.isText[i])
      return false;
  }
  return true;
}

function boundOf(
  headerBytes: number,
  names: readonly string[],
  columns: RawBatch['columns'],
  rowIndexes: readonly number[] | undefined,
): number {
  let bytes = HEADER_AT + headerBytes;
  for (const name of names) {
    const column = columns[name];
    const count = rowIndexes?.length ?? column.length;
    if (column instanceof Float64Array) bytes += 8 * count;
    else for (let i = 0; i < count; i++) bytes += 4 + 2 * column[rowIndexes ? rowIndexes[i] : i].length;
  }
  return bytes;
}

/** UTF-16 and not UTF-8, since a text of JSON may hold half a surrogate pair. @returns where it ends */
function writeText(bytes: Buffer, view: DataView, at: number, text: string): number {
  let widest = 0;
  for (let i = 0; i < text.length; i++) widest |= text.charCodeAt(i);
  const isWide = widest > 0xff;
  view.setUint32(at, 2 * text.length + Number(isWide), true);
  return at + 4 + bytes.write(text, at + 4, isWide ? 'utf16le' : 'latin1');
}

function valueOf(number: number): number | string | null {
  if (Number.isFinite(number)) return number;
  return Number.isNaN(number) ? null : String(number);
}
