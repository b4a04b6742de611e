import { PerennialError } from '../config/errors.ts';
import type { RawBatch } from '../config/raw.ts';
import type { Task } from '../learning/types.ts';
import type { ColumnProfile } from '../decisions/profile.ts';

export interface Target {
  task: Task;
  /** By index: numbers ascending, false before true, text by code unit; absent for regression. */
  classes?: (string | number | boolean)[];
  /** Index of the positive class; binary only. */
  positive?: number;
}

/** More distinct integers than this are a quantity, not classes. */
const MAX_INTEGER_CLASSES = 20;
const MAX_CLASSES = 1_000;

/**
 * What the target is, from the profile of its training rows and what the definition says of it.
 *
 * @throws PerennialError DATASET_UNUSABLE, INVALID_DEFINITION
 */
export function resolveTarget(
  profile: ColumnProfile,
  declared: { task: Task | 'auto'; positive?: string | number | boolean },
): Target {
  const values = profile.top?.map((entry) => classValue(profile, entry.value)) ?? [];
  const task = declared.task === 'auto' ? inferTask(profile, values) : declared.task;
  if (task === 'regression') {
    if (profile.type !== 'number')
      throw unusable(profile, `a ${profile.sqlType} column`, 'a numeric column for regression');
    if (profile.distinct < 2)
      throw unusable(profile, `${profile.distinct} distinct value`, 'a target that varies');
    return { task };
  }
  if (profile.distinct < 2)
    throw unusable(
      profile,
      `one class (${profile.top?.[0]?.value ?? 'none'}) in the training rows`,
      'at least two classes',
    );
  if (profile.distinct > MAX_CLASSES)
    throw unusable(
      profile,
      `${profile.distinct} classes`,
      `at most ${MAX_CLASSES} classes, or \`task: 'regression'\``,
    );
  const classes = values.sort(compare);
  if (task === 'multiclass') return { task, classes };
  if (classes.length !== 2)
    throw unusable(profile, `${classes.length} classes`, "two classes, or `task: 'multiclass'`");
  const positive = declared.positive === undefined ? 1 : classes.indexOf(declared.positive);
  if (positive < 0) {
    throw new PerennialError(
      'INVALID_DEFINITION',
      `positive is ${JSON.stringify(declared.positive)}; expected one of ${classes.map((c) => JSON.stringify(c)).join(', ')}.`,
      {
        field: 'positive',
        value: declared.positive,
        expected: `one of ${classes.join(', ')}`,
      },
    );
  }
  return { task, classes, positive };
}

/**
 * From a batch's target column to class indices or numbers.
 *
 * @throws PerennialError DATASET_UNUSABLE at a class that training does not have.
 */
export function targetReader(name: string, classes: Target['classes']): (batch: RawBatch) => Float64Array {
  if (!classes) return (batch) => Float64Array.from(batch.columns[name] as Float64Array);
  const indices = new Map<string | number, number>(
    classes.map((value, i) => [typeof value === 'boolean' ? Number(value) : value, i]),
  );
  return (batch) =>
    Float64Array.from(batch.columns[name] ?? [], (value: string | number) => {
      const index = indices.get(value);
      if (index === undefined) {
        throw new PerennialError(
          'DATASET_UNUSABLE',
          `The target ${name} has the value ${JSON.stringify(value)}, which no training row has.`,
          {
            field: 'target',
            value,
            expected: `one of ${classes.join(', ')}`,
          },
        );
      }
      return index;
    });
}

function inferTask(profile: ColumnProfile, values: (string | number | boolean)[]): Task {
  if (profile.distinct === 2) return 'binary';
  if (profile.type !== 'number') return 'multiclass';
  const integers =
    profile.distinct <= MAX_INTEGER_CLASSES &&
    values.every((v) => typeof v === 'number' && Number.isInteger(v));
  return integers ? 'multiclass' : 'regression';
}

function classValue(profile: ColumnProfile, text: string): string | number | boolean {
  if (profile.type === 'number') return Number(text);
  return profile.type === 'boolean' ? text === 'true' || text === '1' : text;
}

function compare(a: string | number | boolean, b: string | number | boolean): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function unusable(profile: ColumnProfile, found: string, expected: string): PerennialError {
  return new PerennialError(
    'DATASET_UNUSABLE',
    `The target ${profile.name} has ${found}; expected ${expected}.`,
    {
      field: 'target',
      value: found,
      expected,
    },
  );
}
