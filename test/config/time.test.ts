import { expect, test } from 'vitest';
import { parseTime } from '../../config/time.ts';

/** ISO 8601 and nothing else; what Date.parse takes besides is refused rather than guessed. */

test.each([
  ['2024-02-29', Date.UTC(2024, 1, 29)],
  ['2024-02-29 03:04', Date.UTC(2024, 1, 29, 3, 4)],
  ['2024-02-29T03:04:05', Date.UTC(2024, 1, 29, 3, 4, 5)],
  ['2024-02-29 03:04:05.678901', Date.UTC(2024, 1, 29, 3, 4, 5, 678)],
  ['2024-02-29T03:04:05.6z', Date.UTC(2024, 1, 29, 3, 4, 5, 600)],
  ['2024-02-29T03:04:05-0230', Date.UTC(2024, 1, 29, 5, 34, 5)],
  // As DuckDB and Postgres write a TIMESTAMPTZ.
  ['2024-02-29 03:04:05.25+00', Date.UTC(2024, 1, 29, 3, 4, 5, 250)],
  ['2024-12-31T24:00:00Z', Date.UTC(2025, 0, 1)],
  ['1969-12-31T23:59:59.9995Z', -1],
  ['0099-01-01', Date.parse('0099-01-01T00:00:00Z')],
  ['+012345-06-07T08:09:10.011Z', Date.parse('+012345-06-07T08:09:10.011Z')],
])('%s is read', (text, ms) => {
  expect(parseTime(text)).toBe(ms);
});

test('what JavaScript writes is read back, from the first moment to the last', () => {
  for (const ms of [-8.64e15, -62_198_755_200_001, -1, 0, 951_782_400_123, 8.64e15]) {
    expect(parseTime(new Date(ms).toISOString())).toBe(ms);
  }
});

test.each([
  '5',
  '2024',
  '2024-02',
  '03/04/2021',
  'March 4, 2021',
  '1700000000000',
  '2023-02-29',
  '2024-02-30',
  '2024-04-31',
  '2024-13-01',
  '2024-00-10',
  '2024-01-00',
  '2024-01-01T25:00',
  '2024-01-01T24:00:01',
  '2024-01-01T12:60',
  '2024-01-01T12:00:60',
  '2024-01-01T12',
  '2024-01-01T12:00.5',
  '2024-01-01T12:00:00+24:00',
  '2024-01-01T12:00:00 Z',
  '2024-01-01Z',
  '2024-1-1',
  '-000000-01-01',
  '+275760-09-14',
  '2024-01-01 (Monday)',
])('%s is refused', (text) => {
  expect(parseTime(text)).toBeUndefined();
});
