import type { PastSet } from './sets.ts';

/** The set's first `count` rows as the file that a definition reads. */
export function firstCsv({ rows, columns }: PastSet, count: number): string {
  const lines = rows
    .slice(0, count)
    .map(({ key, at, inputs, truth }) =>
      [key, new Date(at).toISOString().slice(0, 19), ...columns.map((c) => inputs[c]), truth].join(','),
    );
  return `${['key', 'at', ...columns, 'target'].join(',')}\n${lines.join('\n')}\n`;
}
