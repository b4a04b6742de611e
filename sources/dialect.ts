import type { Engine } from './engine.ts';
import { fileList, quoteText } from './quote.ts';

/** How a CSV file is cut into fields. Quotes are `"`, doubled inside a field (RFC 4180). */
export interface Dialect {
  delimiter: string;
  /** Exactly as the file has them, blanks included: DuckDB's own reader would trim them. */
  names: string[];
}

const DELIMITERS = [',', ';', '\t', '|'];
const HEAD_LINES = 50;

/**
 * Reads the head of a CSV file. Without a declared delimiter, the one that cuts most rows into as many fields as the
 * header, and into more than one, is taken; on a tie the one that gives more fields.
 */
export async function readDialect(
  engine: Engine,
  path: string,
  declared: { delimiter?: string; header: boolean },
): Promise<Dialect> {
  const head = await readHead(engine, path);
  const candidates = declared.delimiter === undefined ? DELIMITERS : [declared.delimiter];
  const best = candidates
    .map((delimiter) => score(head, delimiter))
    .reduce((a, b) => (b.agreeing > a.agreeing || (b.agreeing === a.agreeing && b.width > a.width) ? b : a));
  const first = best.records[0] ?? [];
  const names = declared.header ? distinct(first) : first.map((_, i) => `column${i}`);
  return { delimiter: best.delimiter, names };
}

async function readHead(engine: Engine, path: string): Promise<string> {
  // One column cut by a character that text does not hold: gives physical lines, compressed files included. Not strict,
  // since a line may end in LF within quotes and in CRLF elsewhere.
  const rows = await engine.run(
    `SELECT line FROM read_csv(${fileList([path])}, columns = {'line': 'VARCHAR'}, auto_detect = false, header = false,
      delim = ${quoteText('\x01')}, quote = '', escape = '', nullstr = ${quoteText('\x02')}, strict_mode = false) LIMIT ${HEAD_LINES}`,
  );
  return rows
    .map((row) => (typeof row.line === 'string' ? row.line : ''))
    .join('\n')
    .replace(/^\uFEFF/, '');
}

function score(head: string, delimiter: string) {
  const records = parseRecords(head, delimiter);
  const width = records[0]?.length ?? 0;
  const agreeing = width > 1 ? records.filter((r) => r.length === width).length : 0;
  return { delimiter, records, width, agreeing };
}

/** RFC 4180. A record that the text cuts off is left as it is. */
export function parseRecords(text: string, delimiter: string): string[][] {
  const records: string[][] = [];
  let record: string[] = [];
  let field = '';
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (quoted && c === '"' && text[i + 1] === '"') {
      field += '"';
      i++;
    } else if (quoted) {
      if (c === '"') quoted = false;
      else field += c;
    } else if (c === '"' && field === '') {
      quoted = true;
    } else if (c === delimiter) {
      record.push(field);
      field = '';
    } else if (c === '\n') {
      records.push([...record, field]);
      record = [];
      field = '';
    } else {
      field += c;
    }
  }
  return [...records, [...record, field]];
}

/** Two columns of the same name (SQL does not look at case) become `a` and `a_1`, a nameless one `column3`. */
function distinct(names: string[]): string[] {
  const taken = new Set<string>();
  return names.map((given, i) => {
    const base = given === '' ? `column${i}` : given;
    let name = base;
    for (let n = 1; taken.has(name.toLowerCase()); n++) name = `${base}_${n}`;
    taken.add(name.toLowerCase());
    return name;
  });
}
