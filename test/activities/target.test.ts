import { describe, expect, it } from 'vitest';
import { resolveTarget, targetReader } from '../../activities/target.ts';
import type { ColumnProfile } from '../../decisions/profile.ts';

const profile = (
  type: ColumnProfile['type'],
  values: string[],
  extra: Partial<ColumnProfile> = {},
): ColumnProfile => ({
  name: 'outcome',
  type,
  sqlType: type,
  rows: 100,
  missing: 0,
  infinite: 0,
  distinct: values.length,
  top: values.map((value) => ({ value, count: 10 })),
  ...extra,
});

describe('what a target is', () => {
  it('two values of any type are binary; the last in order is positive', () => {
    expect(resolveTarget(profile('string', ['late', 'on_time']), { task: 'auto' })).toEqual({
      task: 'binary',
      classes: ['late', 'on_time'],
      positive: 1,
    });
    expect(resolveTarget(profile('boolean', ['true', 'false']), { task: 'auto' })).toMatchObject({
      classes: [false, true],
      positive: 1,
    });
    expect(resolveTarget(profile('number', ['1', '0']), { task: 'auto' })).toMatchObject({
      classes: [0, 1],
      positive: 1,
    });
  });

  it('the positive class may be named, and must exist', () => {
    const twoClasses = profile('string', ['late', 'on_time']);
    expect(resolveTarget(twoClasses, { task: 'auto', positive: 'late' }).positive).toBe(0);
    expect(() => resolveTarget(twoClasses, { task: 'auto', positive: 'Late' })).toThrow(
      /"Late".*"late", "on_time"/,
    );
  });

  it('numbers are classes while they are few and whole, in numeric order', () => {
    expect(resolveTarget(profile('number', ['10', '9', '1']), { task: 'auto' })).toEqual({
      task: 'multiclass',
      classes: [1, 9, 10],
    });
    expect(resolveTarget(profile('number', ['1.5', '2', '3']), { task: 'auto' }).task).toBe('regression');
    const many = Array.from({ length: 21 }, (_, i) => String(i));
    expect(resolveTarget(profile('number', many), { task: 'auto' }).task).toBe('regression');
  });

  it('what was declared counts, and is refused where the data cannot be it', () => {
    expect(resolveTarget(profile('number', ['0', '1']), { task: 'regression' })).toEqual({
      task: 'regression',
    });
    expect(() => resolveTarget(profile('string', ['a', 'b', 'c']), { task: 'binary' })).toThrow(
      /3 classes.*two classes/,
    );
    expect(() => resolveTarget(profile('string', ['a', 'b']), { task: 'regression' })).toThrow(
      /numeric column/,
    );
    expect(() => resolveTarget(profile('string', ['a']), { task: 'auto' })).toThrow(/one class \(a\)/);
    expect(() => resolveTarget(profile('number', ['5']), { task: 'regression' })).toThrow(/varies/);
  });

  it('rows are read as class indices, and a class that training lacks is told', () => {
    const read = targetReader('outcome', [false, true]);
    expect([...read({ rows: 2, columns: { outcome: Float64Array.of(1, 0) } })]).toEqual([1, 0]);
    expect(() => targetReader('outcome', ['a'])({ rows: 1, columns: { outcome: ['z'] } })).toThrow(
      /"z", which no training row has/,
    );
  });
});
