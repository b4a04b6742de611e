import { PerennialError } from '../config/errors.ts';
import type { Engine } from './engine.ts';
import { sentence } from './failure.ts';
import { nearest } from './nearest.ts';
import { quoteText } from './quote.ts';
import { isVolatile, SQL_VALUE_NAMES, TABLE_FUNCTIONS } from './volatile.ts';

/**
 * Refuses whatever is not exactly one SELECT over the named tables, and whatever gives another answer the next time:
 * clocks, randomness, unseeded samples, settings. Works on DuckDB's own syntax tree, so a column or a text called
 * `random` passes.
 *
 * @throws PerennialError SQL_REFUSED naming `field`
 */
export async function refuseUnsafe(
  engine: Engine,
  sql: string,
  tables: readonly string[],
  field: string,
): Promise<void> {
  const refuse = (message: string, expected: string, value: string = sql): PerennialError =>
    new PerennialError('SQL_REFUSED', message, { field, value, expected });

  const row = await engine.row(`SELECT json_serialize_sql(${quoteText(sql)}, skip_null := true) AS tree`);
  const tree = JSON.parse(String(row.tree)) as SyntaxTree;
  if (tree.error) {
    const kind = /Only SELECT statements/.test(tree.error_message ?? '')
      ? 'is not a SELECT'
      : `cannot be parsed: ${sentence(new Error(tree.error_message))}`;
    throw refuse(`${field} ${kind}.`, 'one SELECT in DuckDB’s SQL');
  }
  if (tree.statements?.length !== 1) {
    throw refuse(`${field} holds ${tree.statements?.length ?? 0} statements.`, 'exactly one SELECT');
  }

  const nodes = [...walk(tree.statements[0])];
  const known = new Set([...tables, ...nodes.flatMap(commonTables)].map((name) => name.toLowerCase()));
  for (const node of nodes) {
    const name = typeof node.function_name === 'string' ? node.function_name.toLowerCase() : '';
    if (node.type === 'TABLE_FUNCTION') {
      const called = functionName(node.function);
      if (!TABLE_FUNCTIONS.has(called)) {
        throw refuse(
          `${field} calls ${called}(): files, settings and catalogs are closed to it.`,
          'a source of the definition',
          called,
        );
      }
    } else if (name !== '' && isVolatile(name, Array.isArray(node.children) ? node.children.length : 0)) {
      throw refuse(
        `${field} calls ${name}(): it gives another answer each time or on each machine.`,
        'functions of the sources alone',
        name,
      );
    } else if (
      node.class === 'COLUMN_REF' &&
      Array.isArray(node.column_names) &&
      node.column_names.length === 1
    ) {
      const column = String(node.column_names[0]).toLowerCase();
      if (SQL_VALUE_NAMES.has(column)) {
        throw refuse(
          `${field} reads ${column}, which changes from run to run.`,
          `a time from the sources (a column of that name is written table.${column})`,
          column,
        );
      }
    } else if (node.type === 'BASE_TABLE') {
      refuseUnknownTable(node, known, tables, refuse, field);
    } else if (node.type === 'SHOW_REF') {
      throw refuse(`${field} is a DESCRIBE, SHOW or SUMMARIZE.`, 'one SELECT');
    }
    if (isRecord(node.sample) && !(typeof node.sample.seed === 'number' && node.sample.seed >= 0)) {
      throw refuse(
        `${field} takes a sample without a seed.`,
        'REPEATABLE (seed), or `sample` in the definition',
      );
    }
  }
}

interface SyntaxTree {
  error: boolean;
  error_message?: string;
  statements?: unknown[];
}

type Node = Record<string, unknown>;

function refuseUnknownTable(
  node: Node,
  known: Set<string>,
  tables: readonly string[],
  refuse: (message: string, expected: string, value?: string) => PerennialError,
  field: string,
): void {
  const table = String(node.table_name);
  const qualified = Boolean(node.schema_name) || Boolean(node.catalog_name);
  if (!qualified && known.has(table.toLowerCase())) return;
  const written = [node.catalog_name, node.schema_name, table]
    .filter((part) => typeof part === 'string' && part !== '')
    .join('.');
  const file = /[./\\:]/.test(table) ? ' Files are read through `sources` only.' : '';
  throw refuse(
    `${field} reads from "${written}", which is no source of the definition.${file} ${nearest(table, tables)}`,
    `a source: ${tables.join(', ')}`,
    written,
  );
}

/** Every object of the tree, without recursion: a query may be nested deeper than the stack. */
function* walk(root: unknown): Generator<Node> {
  const stack: unknown[] = [root];
  while (stack.length > 0) {
    const value = stack.pop();
    if (Array.isArray(value)) for (const item of value) stack.push(item);
    else if (isRecord(value)) {
      yield value;
      for (const item of Object.values(value))
        if (typeof item === 'object' && item !== null) stack.push(item);
    }
  }
}

/** Names of WITH: `cte_map: { map: [{ key, value }] }`; `cte_name` in recursive ones. */
function commonTables(node: Node): string[] {
  const map = isRecord(node.cte_map) && Array.isArray(node.cte_map.map) ? node.cte_map.map : [];
  const names = map.filter(isRecord).map((entry) => String(entry.key));
  return typeof node.cte_name === 'string' ? [...names, node.cte_name] : names;
}

function functionName(node: unknown): string {
  return isRecord(node) && typeof node.function_name === 'string' ? node.function_name.toLowerCase() : '';
}

function isRecord(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
