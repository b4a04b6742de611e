import type { Column, ColumnType } from '../decisions/profile.ts';
import { quoteName } from './quote.ts';

/** The column type of DuckDB's type name, for example `DECIMAL(18,3)`. */
export function columnType(sqlType: string): ColumnType {
  const type = sqlType.toUpperCase();
  if (type.endsWith(']') || /^(STRUCT|MAP|UNION)\b/.test(type)) return 'other';
  if (
    /^(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT|UTINYINT|USMALLINT|UINTEGER|UBIGINT|UHUGEINT|FLOAT|DOUBLE|DECIMAL\b.*)$/.test(
      type,
    )
  ) {
    return 'number';
  }
  if (type === 'BOOLEAN') return 'boolean';
  if (type === 'DATE' || /^TIMESTAMP/.test(type)) return 'timestamp';
  if (type === 'VARCHAR' || type === 'JSON' || type.startsWith('ENUM')) return 'string';
  return 'other';
}

export function toColumn(name: string, sqlType: string): Column {
  return { name, type: columnType(sqlType), sqlType };
}

/**
 * The SQL of a column as a model reads it: DOUBLE with NaN for missing (booleans 0 and 1, times as epoch milliseconds
 * UTC, cut to whole ones as JavaScript cuts them), VARCHAR with '' for missing. Infinite times are missing. A column
 * may be read as another type than its own, as a file given to a model is; the engine throws where a value does not fit.
 */
export function rawExpression(column: Column, as: ColumnType = column.type): string {
  const name = quoteName(column.name);
  // Blank text is a missing number.
  const value =
    column.type === 'string' && as !== 'string' ? `nullif(trim(CAST(${name} AS VARCHAR)), '')` : name;
  switch (as) {
    case 'number':
      return `coalesce(CAST(${value} AS DOUBLE), 'NaN'::DOUBLE)`;
    case 'boolean':
      return `coalesce(CAST(CAST(${value} AS BOOLEAN) AS DOUBLE), 'NaN'::DOUBLE)`;
    case 'timestamp':
      return `coalesce(${column.type === 'number' ? `CAST(${name} AS DOUBLE)` : milliseconds(value, column)}, 'NaN'::DOUBLE)`;
    case 'string':
    case 'other':
      return `coalesce(${text(name, column)}, '')`;
  }
}

/** A number without a fraction is `1`, as in JavaScript; DuckDB would print a DOUBLE as `1.0`. */
function text(name: string, column: Column): string {
  if (!/^(FLOAT|DOUBLE)$/.test(column.sqlType)) return `CAST(${name} AS VARCHAR)`;
  return `CASE WHEN ${name} = trunc(${name}) AND abs(${name}) < 1e15 THEN CAST(CAST(${name} AS BIGINT) AS VARCHAR) ELSE CAST(${name} AS VARCHAR) END`;
}

/** Missing as the project counts it: NULL, NaN, the empty string, a time without end. */
export function missingCondition(column: Column): string {
  const name = quoteName(column.name);
  if (column.type === 'number' && /^(FLOAT|DOUBLE)$/.test(column.sqlType))
    return `(${name} IS NULL OR isnan(${name}))`;
  if (column.type === 'timestamp') return `(${name} IS NULL OR NOT isfinite(${name}))`;
  if (column.type === 'string') return `(${name} IS NULL OR CAST(${name} AS VARCHAR) = '')`;
  return `(${name} IS NULL)`;
}

export function infiniteCondition(column: Column): string {
  return /^(FLOAT|DOUBLE)$/.test(column.sqlType)
    ? `coalesce(isinf(${quoteName(column.name)}), false)`
    : 'false';
}

/** A time as DOUBLE epoch milliseconds, or NULL. Text without a zone is UTC, as the engine's own zone is. */
function milliseconds(value: string, column: Column): string {
  const zoned = column.type === 'string' || /WITH TIME ZONE$/.test(column.sqlType);
  const time = `CAST(${value} AS ${zoned ? 'TIMESTAMPTZ' : 'TIMESTAMP'})`;
  // date_trunc floors, so 1969-12-31 23:59:59.9995 is -1, as Date.parse says; epoch_ms alone would give 0.
  return `CASE WHEN isfinite(${time}) THEN CAST(epoch_ms(date_trunc('milliseconds', ${time})) AS DOUBLE) END`;
}
