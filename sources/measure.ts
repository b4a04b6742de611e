import type { Check, Measurement } from '../decisions/checks.ts';
import { planChecks, type PlannedCheck } from '../decisions/planned.ts';
import type { Definition } from '../config/definition.ts';
import { columnType, infiniteCondition, missingCondition, rawExpression } from './columns.ts';
import type { RunOptions } from './engine.ts';
import { measureExpression } from './measureExpression.ts';
import { measureBalance, measureSplit, measureTarget } from './measureTarget.ts';
import {
  boundary,
  literal,
  measureColumns,
  measureFreshness,
  measureMissing,
  measureOutside,
} from './measureValues.ts';
import { measureDuplicates, measureLeakage, measureUnique } from './repeats.ts';
import { findColumn } from './split.ts';
import type { Table } from './table.ts';

export interface MeasureContext {
  target: string;
  task: Definition['task'];
  key?: string[];
  time?: string;
  weight?: string;
  /** Columns that are learned from; default: all but target, key and weight. */
  inputs?: string[];
  /** ISO 8601: the time that freshness is measured against. */
  now: string;
  /** Of the first snapshot that passed; undefined before it. */
  acceptedSchema?: { name: string; sqlType: string }[];
}

export interface MeasuredCheck {
  check: PlannedCheck;
  /** Place in the plan: declared checks first, in their order. */
  index: number;
  measurement: Measurement;
}

/** Counts what the checks judge, over the whole snapshot: nothing is sampled. */
export async function measureChecks(
  table: Table,
  declared: readonly Check[],
  context: MeasureContext,
  run: RunOptions = {},
): Promise<MeasuredCheck[]> {
  const inputs = context.inputs ?? inputsOf(table, context);
  const plan = planChecks(declared, { ...context, inputs });
  const measured: MeasuredCheck[] = [];
  for (const [index, check] of plan.entries()) {
    measured.push({ check, index, measurement: await measureCheck(table, check, index, context, run) });
  }
  return measured;
}

function inputsOf(table: Table, { target, key, weight }: MeasureContext): string[] {
  return table
    .columns()
    .map((c) => c.name)
    .filter((name) => name !== target && name !== weight && !key?.includes(name));
}

async function measureCheck(
  table: Table,
  check: PlannedCheck,
  index: number,
  context: MeasureContext,
  run: RunOptions,
): Promise<Measurement> {
  const looked = table.rowCount();
  const field = `checks[${index}]`;
  const column = (name: string, path = `${field}.column`) => findColumn(table.columns(), name, path);
  switch (check.kind) {
    case 'rows':
      return { looked, value: looked, examples: [] };
    case 'missing':
      return measureMissing(table, check.columns, field, run);
    case 'unique':
      return measureUnique(table, check.columns, context, run);
    case 'range':
      return measureOutside(table, column(check.column), context, run, (c) =>
        [boundary(c, '<', check.min, `${field}.min`), boundary(c, '>', check.max, `${field}.max`)].join(
          ' OR ',
        ),
      );
    case 'allowed':
      return measureOutside(
        table,
        column(check.column),
        context,
        run,
        (c) =>
          `${rawExpression(c)} NOT IN (${check.values.map((v) => literal(c, v, `${field}.values`)).join(', ')})`,
      );
    case 'schema':
      return measureSchema(table, context.acceptedSchema);
    case 'freshness':
      return measureFreshness(table, column(check.column), context, run);
    case 'balance':
      return measureBalance(table, column(context.target, 'target'), run);
    case 'leakage':
      return measureLeakage(table, context, run);
    case 'expression':
      return measureExpression(table, check.sql, `${field}.sql`, run);
    case 'target':
      return measureTarget(table, column(check.column, 'target'), check.task, context, run);
    case 'split':
      return measureSplit(table, column(context.target, 'target'), context, run);
    case 'empty':
      return measureColumns(table, check.columns, run, (c) => ({ when: missingCondition(c), all: true }));
    case 'finite':
      return measureColumns(table, check.columns, run, (c) => ({ when: infiniteCondition(c), all: false }));
    case 'duplicates':
      return measureDuplicates(table, context, run);
  }
}

function measureSchema(table: Table, accepted: MeasureContext['acceptedSchema']): Measurement {
  const columns = table.columns();
  const detail: Record<string, string> = {};
  let violations = 0;
  for (const { name, sqlType } of accepted ?? []) {
    const now = columns.find((c) => c.name === name);
    if (now?.sqlType === sqlType) continue;
    detail[name] = now ? `was ${sqlType} and is ${now.sqlType}` : 'is gone';
    // BIGINT that became DOUBLE is a number still: a model reads it as before.
    if (now?.type !== columnType(sqlType)) violations++;
  }
  const known = new Set((accepted ?? columns).map((c) => c.name));
  for (const { name } of columns) if (!known.has(name)) detail[name] = 'is new';
  return { looked: table.rowCount(), value: columns.length, violations, detail, examples: [] };
}
