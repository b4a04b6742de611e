import { PerennialError } from '../config/errors.ts';

/** What reading a source's file threw, as an error that names the source, the file and, where known, the line. */
export function unreadable(source: string, error: unknown, files: readonly string[]): PerennialError {
  if (error instanceof PerennialError) return error;
  const text = error instanceof Error ? error.message : String(error);
  const line = /CSV Error on Line: (\d+)/.exec(text)?.[1] ?? /in line (\d+)/.exec(text)?.[1];
  const file = files.find((f) => text.includes(f)) ?? files[0] ?? '';
  const where = line === undefined ? file : `${file}, line ${line}`;
  return new PerennialError('SOURCE_UNREADABLE', `Source ${source}: ${where}: ${reason(text)}`, {
    field: `sources.${source}`,
    value: where,
    expected: 'a file that can be read from its first to its last row',
    cause: error,
  });
}

/** The sentence of a DuckDB error that says what is wrong, without its advice. */
function reason(text: string): string {
  const original = /Original Line: (.*)/.exec(text)?.[1];
  const quote =
    original === undefined ? '' : ` ("${original.slice(0, 120)}${original.length > 120 ? '...' : ''}")`;
  const width = /Expected Number of Columns: (\d+) Found: (\d+)/.exec(text);
  if (width)
    return `the row has ${width[2]} field${width[2] === '1' ? '' : 's'} where the header has ${width[1]}${quote}.`;
  const conversion = /Error when converting column "(.*)"\. (.*)/.exec(text);
  if (conversion) return `column "${conversion[1]}": ${conversion[2]}${quote}.`;
  if (/unterminated quote/i.test(text)) return `a quoted field is never closed${quote}.`;
  // Of a CSV file: the line of the file, the reason, and after a blank line the advice and the settings.
  if (/CSV Error on Line/.test(text)) {
    const last = (text.split('\n\n')[0] ?? '').split('\n').at(-1) ?? '';
    return `${/^Original Line:|CSV Error on Line/.test(last) ? 'cannot be read' : last.replace(/\.$/, '')}${quote}.`;
  }
  const lines = text.split('\n').filter((l) => l.trim() !== '' && !l.startsWith('LINE '));
  return (lines[0] ?? 'cannot be read').replace(/^[A-Za-z ]+ Error: /, '') + quote;
}

/** DuckDB's sentence about a query, without the position marks. */
export function sentence(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return (text.split(/\n\s*\n|\nLINE /)[0] ?? text).replace(/\s*\n\s*/g, ' ').trim();
}
