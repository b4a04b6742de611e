import { describe, expect, test } from 'vitest';
import { checkSchema, type Measurement } from '../../decisions/checks.ts';
import { judgeCheck, overallVerdict, titleOf } from '../../decisions/judge.ts';
import { planChecks } from '../../decisions/planned.ts';

// The verdict on a check is a pure function of what was counted.

const measured = (m: Partial<Measurement>): Measurement => ({ looked: 1000, examples: [], ...m });
const judge = (check: object, m: Partial<Measurement>) =>
  judgeCheck(checkSchema.parse(check), measured(m), 3);

describe('the severity', () => {
  test('says what a violation yields', () => {
    const m = { looked: 10, value: 10 };
    expect(judge({ kind: 'rows', min: 11 }, m).verdict).toBe('fail');
    expect(judge({ kind: 'rows', min: 11, severity: 'warn' }, m).verdict).toBe('warn');
    expect(judge({ kind: 'rows', min: 10, severity: 'warn' }, m).verdict).toBe('pass');
  });

  test('of a new column is a warning, of a lost one the check’s own', () => {
    expect(judge({ kind: 'schema' }, { violations: 0, detail: { a: 'is new' } }).verdict).toBe('warn');
    expect(judge({ kind: 'schema' }, { violations: 1, detail: { a: 'is gone' } }).verdict).toBe('fail');
    expect(
      judge({ kind: 'schema', severity: 'warn' }, { violations: 1, detail: { a: 'is gone' } }).verdict,
    ).toBe('warn');
  });
});

describe('a limit itself is allowed', () => {
  test.each([
    ['rows', { kind: 'rows', min: 5, max: 5 }, { value: 5 }],
    ['missing', { kind: 'missing', max: 0.05 }, { value: 0.05, detail: { a: 0.05 } }],
    ['range', { kind: 'range', column: 'x', min: 0, maxShare: 0.1 }, { looked: 100, violations: 10 }],
    [
      'allowed',
      { kind: 'allowed', column: 'x', values: [1], maxShare: 0.1 },
      { looked: 100, violations: 10 },
    ],
    ['freshness', { kind: 'freshness', column: 'at', maxAgeMs: 1000 }, { value: 1000 }],
    ['balance', { kind: 'balance', min: 0.1 }, { value: 0.1 }],
    ['leakage', { kind: 'leakage', maxShare: 0.01 }, { looked: 100, violations: 1 }],
    ['expression', { kind: 'expression', name: 'e', sql: '1', min: 1, max: 1 }, { value: 1 }],
  ])('%s', (_, check, m) => {
    expect(judge(check, m).verdict).toBe('pass');
  });
});

describe('what could not be measured fails', () => {
  test.each([
    ['freshness of no time', { kind: 'freshness', column: 'at', maxAgeMs: 1 }],
    ['balance of no class', { kind: 'balance', min: 0.1 }],
    ['expression without a value', { kind: 'expression', name: 'e', sql: 'NULL', min: 1 }],
  ])('%s', (_, check) => {
    expect(judge(check, {}).verdict).toBe('fail');
  });

  test('expression that is not a number', () => {
    expect(judge({ kind: 'expression', name: 'e', sql: '0/0' }, { value: NaN }).verdict).toBe('fail');
  });
});

describe('the sentence', () => {
  test('holds the numbers, readably', () => {
    expect(judge({ kind: 'rows', min: 10_000_000 }, { value: 2_999_809 }).message).toBe(
      '2,999,809 rows; at least 10,000,000 are required.',
    );
    expect(judge({ kind: 'rows' }, { value: 1 }).message).toBe('1 row.');
    const range = { kind: 'range', column: 'x', min: 0 };
    expect(judge(range, { looked: 3_000_000, violations: 1 }).message).toBe(
      '1 of 3,000,000 values of x lie outside at least 0 (less than 0.01 %).',
    );
    expect(judge(range, { looked: 3_000_000, violations: 2_999_999 }).message).toContain('(over 99.99 %)');
  });

  test('lists the worst columns first, and at most ten', () => {
    const detail = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`c${i}`, 0.5 + i / 100]));
    const { message } = judge({ kind: 'missing', max: 0.1 }, { detail, value: 0.79 });
    expect(message).toMatch(/^More than 10 % missing in c29 \(79 %\), c28 \(78 %\), .* and 20 more\.$/);
  });
});

test('a result carries place, kind, title and measurement', () => {
  const m = measured({ value: 2 });
  const result = judgeCheck({ kind: 'unique', columns: ['a', 'b'], severity: 'fail' }, m, 3);
  expect(result).toMatchObject({ index: 3, kind: 'unique', title: 'unique(a, b)', measurement: m });
  expect(titleOf({ kind: 'expression', name: 'mean', sql: 'avg(x)', severity: 'fail' })).toBe('mean');
});

test('the overall verdict is the worst', () => {
  const of = (...verdicts: ('pass' | 'warn' | 'fail')[]) =>
    overallVerdict(verdicts.map((verdict) => ({ verdict })));
  expect(of()).toBe('pass');
  expect(of('pass', 'warn')).toBe('warn');
  expect(of('warn', 'fail', 'pass')).toBe('fail');
});

describe('the plan', () => {
  const context = { target: 'y', task: 'auto' as const, inputs: ['x'] };

  test('keeps the declared checks in their order and adds what they leave out', () => {
    const declared = [checkSchema.parse({ kind: 'leakage' }), checkSchema.parse({ kind: 'rows', min: 5 })];
    expect(planChecks(declared, { ...context, key: ['id'] }).map((c) => c.kind)).toEqual([
      'leakage',
      'rows',
      'target',
      'split',
      'empty',
      'finite',
      'unique',
      'schema',
      'duplicates',
    ]);
  });

  test('asks for a unique key once, also where time is part of the key', () => {
    const columns = planChecks([], { ...context, key: ['id', 'at'], time: 'at' }).flatMap((c) =>
      c.kind === 'unique' ? [c.columns] : [],
    );
    expect(columns).toEqual([['id', 'at']]);
    const own = [checkSchema.parse({ kind: 'unique', columns: ['at', 'id'] })];
    expect(
      planChecks(own, { ...context, key: ['id'], time: 'at' }).filter((c) => c.kind === 'unique'),
    ).toEqual(own);
  });
});
