import { describe, expect, test } from 'vitest';
import { defineLifecycle, csv, logistic, range, standardize, oneHot, unique } from '../../config/define.ts';
import type { Column } from '../../decisions/profile.ts';
import { checkColumns } from '../../sources/unknown.ts';

// A misspelt column is found before anything runs, where it stands, with what was probably meant.

const columns: Column[] = [
  { name: 'on_time', type: 'boolean', sqlType: 'BOOLEAN' },
  { name: 'distance', type: 'number', sqlType: 'BIGINT' },
  { name: 'origin', type: 'string', sqlType: 'VARCHAR' },
  { name: 'stops', type: 'other', sqlType: 'VARCHAR[]' },
  { name: 'scheduled_at', type: 'timestamp', sqlType: 'TIMESTAMP' },
];
const define = (more: object) =>
  defineLifecycle({
    name: 'x',
    sources: { f: csv('f.csv') },
    target: 'on_time',
    search: [logistic()],
    ...more,
  });

test('a definition whose columns are all there passes', () => {
  const fine = define({
    time: 'scheduled_at',
    key: 'origin',
    checks: [unique('stops')],
    features: [standardize('distance')],
  });
  expect(() => checkColumns(fine, columns)).not.toThrow();
});

describe('the path, the value and what is near', () => {
  test.each([
    [{ target: 'on_tme' }, 'target', 'on_tme', 'Did you mean "on_time"?'],
    [{ key: ['origin', 'orign'] }, 'key[1]', 'orign', 'Did you mean "origin"?'],
    [
      { select: { cv: { kind: 'group', column: 'orign' } } },
      'select.cv.column',
      'orign',
      'Did you mean "origin"?',
    ],
    [{ time: 'Scheduled_at ' }, 'time', 'Scheduled_at ', 'Did you mean "scheduled_at"?'],
    [{ checks: [range('distnace', { min: 0 })] }, 'checks[0].column', 'distnace', 'Did you mean "distance"?'],
    [
      { checks: [unique('origin', 'zzz')] },
      'checks[0].columns[1]',
      'zzz',
      'Expected one of "on_time", "distance"',
    ],
    [
      { features: [standardize('distance'), oneHot('orogin')] },
      'features[1].columns[0]',
      'orogin',
      'Did you mean "origin"?',
    ],
  ])('of %j', (more, field, value, hint) => {
    expect(() => checkColumns(define(more), columns)).toThrow(
      expect.objectContaining({
        code: 'UNKNOWN_COLUMN',
        field,
        value,
        message: expect.stringContaining(hint) as string,
      }) as Error,
    );
  });
});

test('columns of a type that cannot be learned from, or that is no time, are refused', () => {
  const refused = (more: object, field: string) =>
    expect(() => checkColumns(define(more), columns)).toThrow(
      expect.objectContaining({ code: 'INVALID_DEFINITION', field }) as Error,
    );
  refused({ features: [oneHot('stops')] }, 'features[0].columns[0]');
  refused({ target: 'stops' }, 'target');
  refused({ time: 'origin' }, 'time');
});
