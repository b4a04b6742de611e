import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { labelCalls, labelValue, type LabelCalls } from '../../client/labels.ts';
import type { Signature } from '../../store/types.ts';
import { openBench, type Bench } from '../store/fixtures.ts';
import { registerVersions } from '../store/rolloutBench.ts';

/** Labels of a file or an array arrive as values of the model's target. */

const scratch = mkdtempSync(join(tmpdir(), 'perennial-labels-test-'));
let bench: Bench;
let labels: LabelCalls;
let classes: Signature['classes'];

beforeAll(async () => {
  bench = await openBench();
  await registerVersions(bench.store, 'flights', 1);
  labels = labelCalls(bench.store, () =>
    Promise.resolve({ signature: { target: 'late', classes } as Signature }),
  );
});
afterAll(async () => {
  await bench.close();
  rmSync(scratch, { recursive: true });
});

function file(name: string, content: string): string {
  const path = join(scratch, name);
  writeFileSync(path, content);
  return path;
}

describe('a value', () => {
  test.each([
    [[false, true], 'true', true],
    [[false, true], 'False', false],
    [[false, true], true, true],
    [[0, 1], '1', 1],
    [[0, 1], '1.0', 1],
    [['1', '2'], '1', '1'],
    [['yes', 'no'], 'yes', 'yes'],
    [undefined, '12.5', 12.5],
    [undefined, 3, 3],
  ] as const)('of classes %j: %j means %j', (given, value, meant) => {
    expect(labelValue(value, { classes: given && [...given], target: 'y' }, 1)).toBe(meant);
  });

  test.each([
    [[false, true], 'maybe'],
    [[false, true], ''],
    [[0, 1], ''],
    [['yes', 'no'], 'Yes'],
    [undefined, 'late'],
    [undefined, ''],
    [undefined, true],
  ] as const)('of classes %j: %j is refused by its row', (given, value) => {
    expect(() => labelValue(value, { classes: given && [...given], target: 'y' }, 7)).toThrowError(
      expect.objectContaining({ code: 'INVALID_INPUT', field: 'labels[6].value' }) as Error,
    );
  });
});

describe('a file', () => {
  beforeAll(() => void (classes = [false, true]));

  test('of keys is sent, sent again without a change, and corrected', async () => {
    const path = file(
      'keys.csv',
      'key,value,observed_at\n001,true,2026-01-31T12:00:00Z\nb,false,2026-01-31\n',
    );
    expect(await labels.send('flights', path)).toEqual({ accepted: 2, unchanged: 0, corrected: 0 });
    expect(await labels.send('flights', path)).toEqual({ accepted: 0, unchanged: 2, corrected: 0 });
    const again = file('again.json', '[{"key": "001", "value": false}, {"key": "b", "value": false}]');
    expect(await labels.send('flights', again)).toEqual({ accepted: 0, unchanged: 1, corrected: 1 });
    expect(await bench.store.labels.history('flights', { key: '001' })).toMatchObject([
      { value: false, revision: 2 },
      { value: true, revision: 1, observedAt: '2026-01-31T12:00:00.000Z' },
    ]);
  });

  test('of request ids and rows is sent', async () => {
    const path = file('requests.csv', 'request_id,row,value\nr-1,0,true\nr-1,1,false\n');
    expect(await labels.send('flights', path)).toEqual({ accepted: 2, unchanged: 0, corrected: 0 });
    expect(await bench.store.labels.history('flights', { requestId: 'r-1', row: 1 })).toMatchObject([
      { value: false },
    ]);
  });

  test('of 25,000 rows is sent in several transactions', async () => {
    const rows = Array.from({ length: 25_000 }, (_, i) => `m${i},${i % 2 === 0}`);
    const path = file('many.csv', `key,value\n${rows.join('\n')}\n`);
    expect(await labels.send('flights', path)).toEqual({ accepted: 25_000, unchanged: 0, corrected: 0 });
  });

  test.each([
    ['without values', 'columns.csv', 'key,outcome\na,true\n', 'columns'],
    ['without a subject', 'subject.csv', 'value,other\ntrue,1\n', 'columns'],
    ['with a value of no class', 'class.csv', 'key,value\na,true\nb,perhaps\n', 'labels[1].value'],
  ])('%s is refused', async (_, name, content, field) => {
    await expect(labels.send('flights', file(name, content))).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      field,
    });
  });

  test('that is not there is told', async () => {
    await expect(labels.send('flights', join(scratch, 'nowhere.csv'))).rejects.toMatchObject({
      code: 'SOURCE_NOT_FOUND',
    });
  });
});

test('an array is sent as it is', async () => {
  classes = undefined;
  expect(await labels.send('flights', [{ key: 'n1', value: 12 }])).toMatchObject({ accepted: 1 });
});
