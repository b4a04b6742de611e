import type { Definition } from '../config/definition.ts';
import type { Measurement } from '../decisions/checks.ts';
import type { Column } from '../decisions/profile.ts';
import { infiniteCondition, missingCondition, rawExpression } from './columns.ts';
import type { RunOptions } from './engine.ts';
import { examplesOf } from './examples.ts';
import type { MeasureContext } from './measure.ts';
import { countEach } from './measureValues.ts';
import { quoteName } from './quote.ts';
import { assignedRows, IS_TEST } from './split.ts';
import type { Table } from './table.ts';

export async function measureBalance(table: Table, target: Column, run: RunOptions): Promise<Measurement> {
  const classes = await countClasses(table, target, run);
  const total = classes.reduce((n, c) => n + c.rows, 0);
  const rarest = classes.at(-1);
  return {
    looked: total,
    ...(rarest ? { value: rarest.rows / total } : {}),
    detail: Object.fromEntries(
      [...classes.slice(0, 19), ...(classes.length > 19 ? classes.slice(-1) : [])].map((c) => [
        c.value,
        c.rows,
      ]),
    ),
    examples: [],
  };
}

export async function measureTarget(
  table: Table,
  target: Column,
  task: Definition['task'],
  context: MeasureContext,
  run: RunOptions,
): Promise<Measurement> {
  const bad = `(${missingCondition(target)} OR ${infiniteCondition(target)})`;
  const [missing = 0, infinite = 0] = await countEach(
    table,
    [missingCondition(target), infiniteCondition(target)],
    run,
  );
  const classes = await countClasses(table, target, run);
  const { distinct } = await table.engine.row(
    `SELECT count(DISTINCT ${rawExpression(target)}) AS distinct FROM read_parquet(${table.path}) WHERE NOT ${missingCondition(target)}`,
    run,
  );
  const detail: Record<string, number | string> = { missing, infinite, distinct: Number(distinct) };
  // A number with many values and no declared task is a quantity: a value of one row is no fault there.
  const discrete =
    task === 'binary' ||
    task === 'multiclass' ||
    (task === 'auto' && (target.type !== 'number' || Number(distinct) <= 2));
  const rarest = classes.at(-1);
  if (discrete && rarest) Object.assign(detail, { rarest: rarest.value, rarestRows: rarest.rows });
  if (Number(distinct) === 1) detail.only = classes[0]?.value ?? '';
  const violations = missing + infinite;
  const examples =
    violations === 0 ? [] : await examplesOf(table, bad, [target.name, ...(context.key ?? [])], run);
  return { looked: table.rowCount(), violations, detail, examples };
}

export async function measureSplit(
  table: Table,
  target: Column,
  context: MeasureContext,
  run: RunOptions,
): Promise<Measurement> {
  const { train, test } = await table.sides(run);
  const quantity = context.task === 'regression' || (context.task === 'auto' && target.type === 'number');
  const detail: Record<string, number> = { train, test };
  if (!quantity) {
    const { unseen } = await table.engine.row(
      `SELECT coalesce(sum(held), 0) AS unseen FROM (
         SELECT count(*) FILTER (${IS_TEST}) AS held FROM ${assignedRows(table.path)}
         WHERE NOT ${missingCondition(target)} GROUP BY ${quoteName(target.name)} HAVING count(*) FILTER (NOT ${IS_TEST}) = 0)`,
      run,
    );
    detail.unseen = Number(unseen);
  }
  return { looked: table.rowCount(), detail, examples: [] };
}

/** Values of the target by falling count, as text. */
async function countClasses(
  table: Table,
  target: Column,
  run: RunOptions,
): Promise<{ value: string; rows: number }[]> {
  const rows = await table.engine.run(
    `WITH classes AS (SELECT CAST(${quoteName(target.name)} AS VARCHAR) AS value, count(*) AS n
       FROM read_parquet(${table.path}) WHERE NOT ${missingCondition(target)} GROUP BY 1)
     (SELECT * FROM classes ORDER BY n DESC, value LIMIT 1000) UNION (SELECT * FROM classes ORDER BY n, value DESC LIMIT 1)
     ORDER BY n DESC, value`,
    run,
  );
  return rows.map((row) => ({ value: String(row.value), rows: Number(row.n) }));
}
