import { stripVTControlCharacters } from 'node:util';

/** Text in columns, two spaces apart; those that are named are set to the right. */
export function table(
  rows: readonly (readonly string[])[],
  options: { right?: readonly number[]; indent?: string } = {},
): string {
  const { right = [], indent = '  ' } = options;
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, width(cell))));
  return rows
    .map((row) => {
      const cells = row.map((cell, i) => {
        const space = ' '.repeat((widths[i] ?? 0) - width(cell));
        return right.includes(i) ? space + cell : cell + space;
      });
      return `${indent}${cells.join('  ')}`.trimEnd();
    })
    .join('\n');
}

/** Colours take no room. */
function width(text: string): number {
  return [...stripVTControlCharacters(text)].length;
}
