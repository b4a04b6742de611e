import type { Definition } from '../config/definition.ts';
import { PerennialError } from '../config/errors.ts';
import type { Check } from '../decisions/checks.ts';
import type { Column } from '../decisions/profile.ts';
import { nearest } from './nearest.ts';

/**
 * Holds every column name of a definition against the dataset's columns, before anything runs.
 *
 * @throws PerennialError UNKNOWN_COLUMN naming the path (`features[1].columns[0]`), the name and what is near it;
 * INVALID_DEFINITION where the time column holds no times, or the weight column no numbers
 */
export function checkColumns(definition: Named, columns: readonly Column[]): void {
  for (const { path, name } of namedColumns(definition)) {
    const column = columns.find((c) => c.name === name);
    if (!column) throw unknownColumn(path, name, columns);
    if (path === 'time' && column.type !== 'timestamp' && column.type !== 'number') {
      throw new PerennialError('INVALID_DEFINITION', `time names "${name}", which is ${column.sqlType}.`, {
        field: path,
        value: name,
        expected: 'a column of dates, times or numbers (cast it in the dataset’s SQL)',
      });
    }
    if (path === 'weight' && column.type !== 'number') {
      throw new PerennialError('INVALID_DEFINITION', `weight names "${name}", which is ${column.sqlType}.`, {
        field: path,
        value: name,
        expected: 'a column of numbers above 0',
      });
    }
    if ((path === 'target' || path.startsWith('features')) && column.type === 'other') {
      throw new PerennialError('INVALID_DEFINITION', `${path} names "${name}", which is ${column.sqlType}.`, {
        field: path,
        value: name,
        expected: 'a column of numbers, booleans, times or text',
      });
    }
  }
}

type Named = Pick<Definition, 'target' | 'time' | 'key' | 'weight' | 'checks' | 'features' | 'select'>;

function* namedColumns(definition: Named): Generator<{ path: string; name: string }> {
  yield { path: 'target', name: definition.target };
  if (definition.time !== undefined) yield { path: 'time', name: definition.time };
  if (definition.weight !== undefined) yield { path: 'weight', name: definition.weight };
  for (const [i, name] of (definition.key ?? []).entries()) yield { path: `key[${i}]`, name };
  for (const [i, check] of definition.checks.entries()) {
    for (const { path, name } of checkedColumns(check)) yield { path: `checks[${i}].${path}`, name };
  }
  const { cv } = definition.select;
  if (cv?.kind === 'group') yield { path: 'select.cv.column', name: cv.column };
  if (definition.features === 'auto') return;
  for (const [i, feature] of definition.features.entries()) {
    for (const [j, name] of feature.columns.entries()) yield { path: `features[${i}].columns[${j}]`, name };
  }
}

function checkedColumns(check: Check): { path: string; name: string }[] {
  if ('column' in check) return [{ path: 'column', name: check.column }];
  if ('columns' in check) return (check.columns ?? []).map((name, j) => ({ path: `columns[${j}]`, name }));
  return [];
}

/** @param cause what the engine said, where it was the engine that missed the column */
export function unknownColumn(
  path: string,
  name: string,
  columns: readonly Column[],
  cause?: unknown,
): PerennialError {
  const hint = nearest(
    name,
    columns.map((c) => c.name),
  );
  return new PerennialError(
    'UNKNOWN_COLUMN',
    `${path} names "${name}", which the dataset does not have. ${hint}`,
    {
      field: path,
      value: name,
      expected: hint,
      cause,
    },
  );
}
