import { describe, expect, test } from 'vitest';
import { shorten } from '../../../activities/watch/shorten.ts';
import type { ColumnFacts, WindowFacts } from '../../../decisions/watch/facts.ts';
import { judgeWindow } from '../../../decisions/watch/judgeWindow.ts';
import { watchSchema } from '../../../decisions/watch/policy.ts';

const POLICY = watchSchema.parse({});

function facts(
  columns: number,
  edit?: (column: ColumnFacts, index: number) => void,
  name = 'c',
): WindowFacts {
  const bounds = { from: '2026-01-01T00:00:00.000Z', to: '2026-01-01T01:00:00.000Z' };
  return {
    ...{ version: 1, ...bounds, rows: 5_000, compared: 5_000, tests: columns },
    columns: Array.from({ length: columns }, (_, i) => {
      const column: ColumnFacts = {
        ...{ column: `${name}${i}`, test: 'ks', p: (i + 1) / 2_001, effect: 0.01234, psi: 0.01234 },
        ...{ jensenShannon: 0.01234, wasserstein: 0.01234, missing: 0.01234, referenceMissing: 0.01234 },
        outOfRange: 0.01234,
        sinceHealthy: { p: 0.12345, effect: 0.12345 },
        scale: { slope: 1.2345, intercept: -0.12345, r2: 0.99876, offset: 0.0456 },
      };
      edit?.(column, i);
      return column;
    }),
  };
}

describe('what a workflow is told of many columns', () => {
  test('is all of them where they are few', () => {
    const few = facts(30);
    expect(shorten(few, POLICY)).toEqual({ columns: few.columns, whole: true });
  });

  test.each([200, 500, 2_000])('of %i is those with the smallest p, in 23 KiB', (columns) => {
    const { columns: told, whole } = shorten(facts(columns), POLICY);
    expect(whole).toBe(false);
    expect(told.length).toBeGreaterThan(80);
    expect(told.map(({ column }) => column)).toEqual(told.map((_, i) => `c${i}`));
    expect(Buffer.byteLength(JSON.stringify(told))).toBeLessThanOrEqual(23 * 1024);
  });

  test('is less of columns with long names, and never too much where all of them are broken', () => {
    const broken = facts(
      2_000,
      (column) => (column.missing = 1),
      'a name that somebody gave a column '.repeat(6),
    );
    const { columns: told } = shorten(broken, POLICY);
    expect(Buffer.byteLength(JSON.stringify(told))).toBeLessThanOrEqual(23 * 1024);
    expect(judgeWindow({ ...broken, columns: told }, POLICY).faults).toHaveLength(20);
  });

  test('gives the same verdict as all of it: every fault, and every column that stands out', () => {
    const whole = facts(800, (column, i) => {
      if (i === 700) column.missing = 0.9;
      if (i === 750) column.outOfRange = 0.9;
      if (i % 50 === 3) Object.assign(column, { p: 1e-9, effect: 0.3 });
      if (i === 799) Object.assign(column, { p: 0, ignored: true });
    });
    const verdict = judgeWindow({ ...whole, columns: shorten(whole, POLICY).columns }, POLICY);
    expect(verdict).toEqual(judgeWindow(whole, POLICY));
    expect(verdict.faults).toHaveLength(2);
    expect(verdict.drifted).toHaveLength(16);
  });
});
