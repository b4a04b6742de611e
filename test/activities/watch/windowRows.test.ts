import { describe, expect, test } from 'vitest';
import { columnFacts } from '../../../activities/watch/columnFacts.ts';
import type { ColumnDistribution } from '../../../activities/watch/distributions.ts';
import { readWindow } from '../../../activities/watch/windowRows.ts';
import type { WatchedRow } from '../../../store/lifecycleTypes.ts';
import type { Signature } from '../../../store/types.ts';

const BINARY = { task: 'binary', classes: ['no', 'yes'], positive: 1, inputs: [] } as unknown as Signature;
const number = (name: string, more: Partial<ColumnDistribution> = {}): ColumnDistribution => ({
  ...{ name, type: 'number', missing: 0, min: 0, max: 10, numbers: Float64Array.of(0, 5, 10) },
  ...more,
});
const text = (name: string): ColumnDistribution => ({
  ...{ name, type: 'string', missing: 0, categories: { top: [['a', 3]], other: 0, once: 0 } },
});

async function* batches(...rows: Partial<WatchedRow>[]): AsyncGenerator<WatchedRow[]> {
  await Promise.resolve();
  yield rows.map((row, i) => ({ key: `k${i}`, place: i + 1, at: '2026-01-01T00:00:00.000Z', ...row }));
}

describe('rows of a window become columns', () => {
  test('sorted, without what is missing, and what no model would have read counts as missing', async () => {
    const window = await readWindow(
      batches(
        { inputs: { x: 3, c: 'a' }, outputs: [0.25] },
        { inputs: { x: null, c: '' }, outputs: [0.75] },
        { inputs: { x: 'Infinity', c: 'b' } },
        { inputs: { x: 'wrong' } },
        { outputs: [Number.NaN] },
      ),
      BINARY,
      [number('x'), text('c')],
      2,
    );
    expect(window).toMatchObject({ rows: 5, compared: 4 });
    const [x, c] = window.columns;
    expect([[...(x.numbers ?? [])], x.missing, c.missing]).toEqual([[3, Infinity], 0.5, 0.5]);
    expect(c.categories?.top).toEqual([
      ['a', 1],
      ['b', 1],
    ]);
    expect([...window.said.score]).toEqual([0.25, 0.75]);
    expect([...(window.said.confidence ?? [])]).toEqual([0.75, 0.75]);
    // Of the two rows whose keys hash lowest.
    expect(window.sample.map(({ missing }) => missing)).toEqual([0.5, 0.5]);
    expect([...window.sampleScore]).toEqual([0.25, 0.75]);
  });

  test('as exact as the dataset keeps them', async () => {
    const window = await readWindow(
      batches({ inputs: { x: 0.1, y: 0.1 } }),
      BINARY,
      [number('x', { float32: true }), number('y')],
      0,
    );
    expect(window.columns.map(({ numbers }) => numbers?.[0])).toEqual([Math.fround(0.1), 0.1]);
  });

  test('8 bytes a number, whatever the rows hold besides', async () => {
    const names = Array.from({ length: 100 }, (_, i) => `c${i}`);
    async function* many(): AsyncGenerator<WatchedRow[]> {
      for (let batch = 0; batch < 20; batch++) {
        await Promise.resolve();
        yield Array.from({ length: 1_000 }, (_, i) => ({
          ...{ key: `k${i}`, place: batch * 1_000 + i + 1, at: '', outputs: [0.5] },
          inputs: Object.fromEntries(names.map((name, c) => [name, batch + i * c])),
        }));
      }
    }
    const before = process.memoryUsage().arrayBuffers;
    const window = await readWindow(
      many(),
      BINARY,
      names.map((name) => number(name)),
      2_000,
    );
    expect(window.rows).toBe(20_000);
    // 2 million numbers: as they came and sorted, arrays of up to twice the length, and the garbage of growing.
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(160e6);
  });
});

describe('facts of a column', () => {
  test('tell values beyond the range of training, widened by a tenth', () => {
    const window = number('x', { numbers: Float64Array.of(-2, -1, 0, 11, 11.5) });
    expect(columnFacts(number('x'), window, undefined, false)).toMatchObject({
      outOfRange: 0.4,
      column: 'x',
    });
    expect(columnFacts(number('x'), window, undefined, true).ignored).toBe(true);
  });

  test('have five digits', () => {
    const window = number('x', {
      numbers: Float64Array.from({ length: 7 }, (_, i) => i / 3),
      missing: 1 / 3,
    });
    const facts = columnFacts(number('x'), window, undefined, false);
    expect(facts.missing).toBe(0.33333);
    expect(JSON.stringify(facts)).not.toMatch(/\d{7}/);
  });
});
