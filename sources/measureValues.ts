import { PerennialError } from '../config/errors.ts';
import { rawValue } from '../config/raw.ts';
import type { Measurement } from '../decisions/checks.ts';
import type { Column } from '../decisions/profile.ts';
import { missingCondition, rawExpression } from './columns.ts';
import type { RunOptions } from './engine.ts';
import { examplesOf } from './examples.ts';
import type { MeasureContext } from './measure.ts';
import { quoteText } from './quote.ts';
import { findColumn } from './split.ts';
import type { Table } from './table.ts';

export async function measureMissing(
  table: Table,
  names: string[] | undefined,
  field: string,
  run: RunOptions,
): Promise<Measurement> {
  const columns = names
    ? names.map((n, i) => findColumn(table.columns(), n, `${field}.columns[${i}]`))
    : table.columns();
  const looked = table.rowCount();
  const counts = await countEach(table, columns.map(missingCondition), run);
  const shares = columns.map((c, i) => [c.name, looked === 0 ? 0 : (counts[i] ?? 0) / looked] as const);
  const worst = shares.reduce((a, b) => (b[1] > a[1] ? b : a), ['', 0]);
  const column = columns.find((c) => c.name === worst[0]);
  return {
    looked,
    value: worst[1],
    detail: Object.fromEntries(shares.filter(([, share]) => share > 0)),
    examples: column ? await examplesOf(table, missingCondition(column), [column.name], run) : [],
  };
}

export async function measureOutside(
  table: Table,
  column: Column,
  context: MeasureContext,
  run: RunOptions,
  outside: (column: Column) => string,
): Promise<Measurement> {
  const there = `NOT ${missingCondition(column)}`;
  const condition = `(${there} AND (${outside(column)}))`;
  const [looked = 0, violations = 0] = await countEach(table, [there, condition], run);
  const examples =
    violations === 0 ? [] : await examplesOf(table, condition, [column.name, ...(context.key ?? [])], run);
  return { looked, violations, value: looked === 0 ? 0 : violations / looked, examples };
}

export function boundary(
  column: Column,
  operator: '<' | '>',
  limit: number | string | undefined,
  field: string,
): string {
  return limit === undefined
    ? 'false'
    : `${rawExpression(column)} ${operator} ${literal(column, limit, field)}`;
}

/** A value of the definition as the column's raw SQL type. */
export function literal(column: Column, value: string | number | boolean, field: string): string {
  if (column.type === 'other') {
    throw new PerennialError(
      'INVALID_DEFINITION',
      `${field}: ${column.name} is ${column.sqlType}, which has no order here.`,
      {
        field,
        value,
        expected: 'a column of numbers, booleans, times or text',
      },
    );
  }
  const raw = rawValue(column.type, value, field);
  return typeof raw === 'number'
    ? `${Number.isFinite(raw) ? raw : quoteText(String(raw))}::DOUBLE`
    : quoteText(raw);
}

export async function measureFreshness(
  table: Table,
  column: Column,
  context: MeasureContext,
  run: RunOptions,
): Promise<Measurement> {
  if (column.type !== 'timestamp') {
    throw new PerennialError(
      'INVALID_DEFINITION',
      `freshness names ${column.name}, which is ${column.sqlType}.`,
      {
        field: 'checks',
        value: column.name,
        expected: 'a column of dates or times',
      },
    );
  }
  const { newest } = await table.engine.row(
    `SELECT max(${rawExpression(column)}) AS newest FROM read_parquet(${table.path}) WHERE NOT ${missingCondition(column)}`,
    run,
  );
  const age = newest === null ? {} : { value: rawAge(context.now, Number(newest)) };
  return { looked: table.rowCount(), ...age, examples: [] };
}

function rawAge(now: string, newest: number): number {
  return Number(rawValue('timestamp', now, 'now')) - newest;
}

export async function measureColumns(
  table: Table,
  names: string[],
  run: RunOptions,
  fault: (column: Column) => { when: string; all: boolean },
): Promise<Measurement> {
  const columns = names.map((name) => findColumn(table.columns(), name, 'features'));
  const looked = table.rowCount();
  const faults = columns.map(fault);
  const counts = await countEach(
    table,
    faults.map((f) => f.when),
    run,
  );
  const bad = columns.flatMap((c, i) => {
    const n = counts[i] ?? 0;
    return (faults[i]?.all ? looked > 0 && n === looked : n > 0) ? [[c.name, n] as const] : [];
  });
  return { looked, violations: bad.length, detail: Object.fromEntries(bad), examples: [] };
}

/** Rows for which each condition holds, in one pass. */
export async function countEach(table: Table, conditions: string[], run: RunOptions): Promise<number[]> {
  if (conditions.length === 0) return [];
  const row = await table.engine.row(
    `SELECT ${conditions.map((c, i) => `count(*) FILTER (${c}) AS c${i}`).join(', ')} FROM read_parquet(${table.path})`,
    run,
  );
  return conditions.map((_, i) => Number(row[`c${i}`]));
}
