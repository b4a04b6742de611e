import type { Column } from '../decisions/profile.ts';
import type { RetrainPolicy } from '../decisions/lifecycle/policy.ts';
import { rawExpression } from './columns.ts';
import type { Engine, RunOptions } from './engine.ts';
import { fileList, quoteName } from './quote.ts';
import { findColumn, keyText, PLACE } from './split.ts';

/** Which rows of a dataset a retraining looks at, as of a moment. */
export interface Retraining {
  /** ISO 8601 in UTC. A row is known from its `time` on; one without a time is never known to be of the past. */
  asOf: string;
  /** Absent: every row of the query is known, and the window is `expanding`. */
  time?: string;
  window: RetrainPolicy['window'];
  logged?: LoggedRows;
}

/**
 * Rows of the prediction log, as Parquet with columns of the dataset's names: keys as text, in the dataset's column
 * order or any other, numbers as DOUBLE or BIGINT, booleans, times as TIMESTAMP. A column that is not there is NULL.
 */
export interface LoggedRows {
  path: string;
  /** SHA-256 of the file. */
  digest: string;
  /** Of the definition. */
  key: readonly string[];
}

/** What of a retraining decides its rows, for the dataset's key; undefined where they are those of the query. */
export function retrainingKey({ asOf, time, window, logged }: Retraining): object | undefined {
  if (time === undefined && logged === undefined) return undefined;
  return {
    window,
    ...(time === undefined ? {} : { asOf, time }),
    ...(logged === undefined ? {} : { logged: logged.digest, key: logged.key }),
  };
}

/**
 * The rows as something to copy from: those of the query in its order, and behind them those of the log whose keys the
 * query does not give. A sliding window is laid over both.
 *
 * @param relation the query's view
 * @returns `logged`: how many of the rows are the log's
 */
export async function selectRetraining(
  engine: Engine,
  relation: string,
  columns: readonly Column[],
  retraining: Retraining,
  run: RunOptions,
): Promise<{ sql: string; logged: number }> {
  const { window, logged } = retraining;
  const time = timeOf(columns, retraining);
  const known = time === undefined ? 'true' : `${time} <= ${Date.parse(retraining.asOf)}`;
  if (logged === undefined && (window.kind === 'expanding' || 'ms' in window)) {
    return {
      sql: `SELECT * FROM ${relation} WHERE ${known} AND ${lastedSince(retraining, time)}`,
      logged: 0,
    };
  }
  const types = logged ? await commonTypes(engine, columns, logged, run) : undefined;
  // A table, since it is looked at more than once and the query may be dear. It spills.
  await engine.run(
    `CREATE TABLE ${ROWS} AS SELECT ${given(columns, types)}, row_number() OVER () AS ${PLACE}
     FROM ${relation} WHERE ${known}`,
    run,
  );
  const { n } = await engine.row(`SELECT count(*) AS n FROM ${ROWS}`);
  if (logged && types) await addLogged(engine, columns, types, logged, known, run);
  const chosen =
    'rows' in window && time !== undefined
      ? await newest(engine, columns, time, window.rows, run)
      : lastedSince(retraining, time);
  const counted = await engine.row(
    `SELECT count(*) AS logged FROM ${ROWS} WHERE ${chosen} AND ${PLACE} > ${Number(n)}`,
    run,
  );
  const sql = `SELECT * EXCLUDE (${PLACE}) FROM ${ROWS} WHERE ${chosen}`;
  return { sql, logged: Number(counted.logged) };
}

/** Names with a space: no source can be called so. */
const ROWS = quoteName('the rows');
const LOGGED = quoteName('the logged rows');

/** DOUBLE epoch milliseconds, NaN where there is none, which is greater than every number. */
function timeOf(columns: readonly Column[], { time }: Retraining): string | undefined {
  return time === undefined ? undefined : rawExpression(findColumn(columns, time, 'time'), 'timestamp');
}

/** Of rows that are known. */
function lastedSince({ asOf, window }: Retraining, time: string | undefined): string {
  return 'ms' in window && time !== undefined ? `${time} > ${Date.parse(asOf) - window.ms}` : 'true';
}

/**
 * The newest n: all that are newer than the n-th newest time, and of those of that time as many as are missing, by a
 * hash of the whole row, so that no file's order decides. Rows that are equal in every column are the same.
 */
async function newest(
  engine: Engine,
  columns: readonly Column[],
  time: string,
  rows: number,
  run: RunOptions,
): Promise<string> {
  const { cut } = await engine.row(
    `SELECT t AS cut FROM (SELECT ${time} AS t FROM ${ROWS}) ORDER BY t DESC LIMIT 1 OFFSET ${rows - 1}`,
    run,
  );
  if (cut === undefined) return 'true'; // Fewer than n.
  const { newer } = await engine.row(
    `SELECT count(*) FILTER (${time} > ${Number(cut)}) AS newer FROM ${ROWS}`,
    run,
  );
  const text = keyText(columns);
  return `(${time} > ${Number(cut)} OR ${PLACE} IN (
    SELECT ${PLACE} FROM ${ROWS} WHERE ${time} = ${Number(cut)}
    ORDER BY md5(${text}), ${text}, ${PLACE} LIMIT ${rows - Number(newer)}))`;
}

/**
 * The SQL type that each column has with the log's rows in it. Whole numbers stay whole as long as the log's are: where
 * callers sent 2.5 for a column of a CSV that held 1, 2 and 3, it is DOUBLE, rather than 2.5 be read as 3. A key keeps
 * its type, because its text decides the side of its row.
 */
async function commonTypes(
  engine: Engine,
  columns: readonly Column[],
  logged: LoggedRows,
  run: RunOptions,
): Promise<Map<string, string>> {
  const there = await namesOf(engine, logged);
  const exact = columns.filter(
    ({ name, type, sqlType }) =>
      type === 'number' && !isFloat(sqlType) && there.has(name) && !logged.key.includes(name),
  );
  const unfit =
    exact.length === 0
      ? {}
      : await engine.row(
          `SELECT ${exact.map((c, i) => `bool_or(${misfit(c)}) AS c${i}`).join(', ')} FROM ${fileOf(logged)}`,
          run,
        );
  return new Map(
    columns.map((column) => {
      const i = exact.indexOf(column);
      if (i >= 0 && unfit[`c${i}`] === true) return [column.name, 'DOUBLE'];
      // Parquet has no ENUM, and a category that the query does not give is one all the same.
      return [column.name, column.sqlType.startsWith('ENUM') ? 'VARCHAR' : column.sqlType];
    }),
  );
}

function misfit({ name, sqlType }: Column): string {
  const value = `CAST(${quoteName(name)} AS DOUBLE)`;
  return `CAST(TRY_CAST(${value} AS ${sqlType}) AS DOUBLE) IS DISTINCT FROM ${value}`;
}

function given(columns: readonly Column[], types: Map<string, string> | undefined): string {
  return columns
    .map(({ name, sqlType }) => {
      const type = types?.get(name) ?? sqlType;
      return type === sqlType ? quoteName(name) : `CAST(${quoteName(name)} AS ${type}) AS ${quoteName(name)}`;
    })
    .join(', ');
}

/**
 * Behind the query's rows those of the log whose keys it does not give. A row whose key is no value of its column's type
 * is of nothing that the dataset knows. Of a composed key of which the log knows the first column alone, the others are
 * NULL, and it is new only where the query has no row of that first column: what is not told apart is not counted twice.
 */
async function addLogged(
  engine: Engine,
  columns: readonly Column[],
  types: Map<string, string>,
  logged: LoggedRows,
  known: string,
  run: RunOptions,
): Promise<void> {
  const there = await namesOf(engine, logged);
  const keys = logged.key.map((name) => findColumn(columns, name, 'key'));
  const cast = (column: Column): string => {
    const name = quoteName(column.name);
    const type = types.get(column.name) ?? column.sqlType;
    if (!there.has(column.name)) return `CAST(NULL AS ${type})`;
    return keys.includes(column) ? castKey(column) : `TRY_CAST(${name} AS ${type})`;
  };
  const isKey = keys.map((column, i) => {
    const name = quoteName(column.name);
    return `(${castKey(column)} IS NOT NULL ${i === 0 ? '' : `OR ${name} IS NULL`})`;
  });
  await engine.run(
    `CREATE TABLE ${LOGGED} AS SELECT ${columns.map((c) => `${cast(c)} AS ${quoteName(c.name)}`).join(', ')},
       (SELECT count(*) FROM ${ROWS}) + row_number() OVER () AS ${PLACE}
     FROM ${fileOf(logged)} WHERE ${isKey.join(' AND ')}`,
    run,
  );
  const same = (of: readonly Column[]): string =>
    of.map(({ name }) => `l.${quoteName(name)} = s.${quoteName(name)}`).join(' AND ');
  const partial = keys.slice(1).map(({ name }) => `l.${quoteName(name)} IS NULL`);
  const isKnown = [
    `EXISTS (SELECT 1 FROM ${ROWS} AS s WHERE ${same(keys)})`,
    ...(partial.length === 0
      ? []
      : [
          `((${partial.join(' OR ')}) AND EXISTS (SELECT 1 FROM ${ROWS} AS s WHERE ${same(keys.slice(0, 1))}))`,
        ]),
  ];
  await engine.run(
    `INSERT INTO ${ROWS} SELECT * FROM ${LOGGED} AS l WHERE ${known} AND NOT (${isKnown.join(' OR ')}) ORDER BY l.${PLACE}`,
    run,
  );
  await engine.run(`DROP TABLE ${LOGGED}`);
}

/** From its text. Of a time that is `2026-01-31 12:00:00.000`, also where the column is a DATE. */
function castKey({ name, type, sqlType }: Column): string {
  const text = quoteName(name);
  if (type === 'timestamp') return `CAST(TRY_CAST(${text} AS TIMESTAMP) AS ${sqlType})`;
  return `TRY_CAST(${text} AS ${sqlType.startsWith('ENUM') ? 'VARCHAR' : sqlType})`;
}

async function namesOf(engine: Engine, logged: LoggedRows): Promise<Set<string>> {
  const rows = await engine.run(`DESCRIBE SELECT * FROM ${fileOf(logged)}`);
  return new Set(rows.map((row) => String(row.column_name)));
}

function fileOf({ path }: LoggedRows): string {
  return `read_parquet(${fileList([path])})`;
}

function isFloat(sqlType: string): boolean {
  return sqlType === 'DOUBLE' || sqlType === 'FLOAT';
}

/** The dataset's query as its row tells it: with what a retraining took of it. */
export function describeRetraining(query: string, { asOf, window, logged }: Retraining): string {
  const size =
    window.kind === 'expanding'
      ? 'all rows'
      : 'ms' in window
        ? `rows of the last ${window.ms} ms`
        : `the newest ${window.rows} rows`;
  return `${query}\n-- ${size} until ${asOf}${logged ? ', with the prediction log' : ''}`;
}
