import type { RawBatch } from '../config/raw.ts';
import type { Check } from '../decisions/checks.ts';
import type { Column, ColumnProfile } from '../decisions/profile.ts';
import { streamBatches } from './batches.ts';
import { describe } from './describe.ts';
import { rawExpression } from './columns.ts';
import { openEngine, type Engine, type EngineOptions, type RunOptions } from './engine.ts';
import { measureChecks, type MeasureContext, type MeasuredCheck } from './measure.ts';
import { profileColumns } from './profile.ts';
import { fileList } from './quote.ts';
import {
  ASSIGNED,
  assignedRows,
  assignRows,
  DRAWN,
  findColumn,
  IS_TEST,
  type Side,
  type SplitPlan,
} from './split.ts';

export interface TableOptions extends EngineOptions {
  /** Needed for sides and limits. */
  split?: SplitPlan;
}

/** Which rows: those of a side, and of these the first `limit` in drawing order. */
export interface Selection {
  side?: Side;
  /** Only those whose value of a column of times is greater, or where `included` equal. */
  after?: { column: string; epochMs: number; included?: true };
  limit?: number | 'all';
}

/**
 * Opens a snapshot. Close it: it holds memory and a folder for spilling.
 *
 * @example
 * const table = await openTable(path, { scratch, split: { name, split, key, time, seed } });
 * for await (const batch of table.read({ columns: ['distance', 'on_time'], side: 'train', limit: 100_000 })) ...
 */
export async function openTable(path: string, options: TableOptions): Promise<Table> {
  const engine = await openEngine(options);
  try {
    await engine.lock([path]);
    const columns = await describe(engine, `read_parquet(${fileList([path])})`);
    const { n } = await engine.row(`SELECT count(*) AS n FROM read_parquet(${fileList([path])})`);
    return new Table(engine, fileList([path]), columns, Number(n), options.split);
  } catch (error) {
    await engine.close();
    throw error;
  }
}

export class Table {
  /** For `measure`, which asks questions of its own. */
  readonly engine: Engine;
  /** The snapshot as a SQL literal. */
  readonly path: string;
  readonly #columns: Column[];
  readonly #rows: number;
  readonly #plan: SplitPlan | undefined;
  #assigned: Promise<void> | undefined;

  constructor(engine: Engine, path: string, columns: Column[], rows: number, plan: SplitPlan | undefined) {
    this.engine = engine;
    this.path = path;
    this.#columns = columns;
    this.#rows = rows;
    this.#plan = plan;
  }

  columns(): Column[] {
    return this.#columns;
  }

  /** Undefined where the table was opened without a split. */
  get splitBy(): SplitPlan['split']['by'] | undefined {
    return this.#plan?.split.by;
  }

  rowCount(): number {
    return this.#rows;
  }

  /** Rows on each side. */
  async sides(run: RunOptions = {}): Promise<Record<Side, number>> {
    await this.assign(run);
    const { test } = await this.engine.row(`SELECT count(*) FILTER (${IS_TEST}) AS test FROM ${ASSIGNED}`);
    return { train: this.#rows - Number(test), test: Number(test) };
  }

  /** Rows that a selection has. */
  async count(selection: Selection, run: RunOptions = {}): Promise<number> {
    const { n } = await this.engine.row(
      `SELECT count(*) AS n FROM ${await this.relation(selection, run)}`,
      run,
    );
    return Number(n);
  }

  /** The time of the selection's `n`th newest row, epoch ms; undefined where fewer have one. */
  async nthNewest(
    column: string,
    n: number,
    selection: Selection,
    run: RunOptions = {},
  ): Promise<number | undefined> {
    const value = rawExpression(findColumn(this.#columns, column, 'time'), 'timestamp');
    const { newest } = await this.engine.row(
      `SELECT max(value) AS newest FROM (
         SELECT ${value} AS value FROM ${await this.relation(selection, run)} WHERE NOT isnan(${value})
         ORDER BY ${value} DESC LIMIT 1 OFFSET ${n - 1})`,
      run,
    );
    return newest === null || newest === undefined ? undefined : Number(newest);
  }

  /** Exact aggregates of every column over the selected rows. */
  async profile(selection: Selection = {}, run: RunOptions = {}): Promise<ColumnProfile[]> {
    return profileColumns(this.engine, await this.relation(selection, run), this.#columns, run);
  }

  /**
   * Streams the selected rows in drawing order; without a side and a limit, in the snapshot's order.
   *
   * @throws PerennialError UNKNOWN_COLUMN, CANCELLED
   */
  async *read(
    what: Selection & { columns: string[]; batchRows?: number },
    run: RunOptions = {},
  ): AsyncGenerator<RawBatch> {
    const columns = what.columns.map((name) => findColumn(this.#columns, name, 'columns'));
    const relation = await this.relation(what, run);
    const order = isEverything(what) ? '' : `ORDER BY ${DRAWN}`;
    yield* streamBatches(
      this.engine,
      `SELECT ${columns.map((c) => rawExpression(c)).join(', ')} FROM ${relation} ${order}`,
      columns.map((c) => ({ name: c.name, text: c.type === 'string' || c.type === 'other' })),
      { batchRows: what.batchRows, signal: run.signal },
    );
  }

  /** Counts what the definition's checks, and those that it implies, are judged by. */
  async measure(
    checks: readonly Check[],
    context: MeasureContext,
    run: RunOptions = {},
  ): Promise<MeasuredCheck[]> {
    return measureChecks(this, checks, context, run);
  }

  /** The selected rows as something to select from: the snapshot's columns, and `IS_TEST` and `DRAWN` of the assignment. */
  async relation(selection: Selection, run: RunOptions = {}): Promise<string> {
    if (isEverything(selection)) return `read_parquet(${this.path})`;
    await this.assign(run);
    const { side, limit } = selection;
    const rows = assignedRows(this.path);
    const ofSide = side === undefined ? 'true' : side === 'test' ? IS_TEST : `NOT ${IS_TEST}`;
    const where = selection.after ? `${ofSide} AND ${this.#isAfter(selection.after)}` : ofSide;
    // Where no value is asked for, the assignment alone says which rows are the first.
    const from = selection.after ? rows : ASSIGNED;
    const last =
      limit === undefined || limit === 'all'
        ? ''
        : `AND ${DRAWN} <= ${await this.#lastPlace(from, where, limit)}`;
    return `(SELECT * FROM ${rows} WHERE ${where} ${last})`;
  }

  /** Computes sides and drawing order once, when first asked for. */
  async assign(run: RunOptions = {}): Promise<void> {
    if (this.#plan === undefined) throw new TypeError('this table was opened without a split');
    this.#assigned ??= assignRows(this.engine, this.path, this.#columns, this.#plan, run).catch(
      (error: unknown) => {
        this.#assigned = undefined; // cancelled, say: the next caller tries again
        throw error;
      },
    );
    await this.#assigned;
  }

  async close(): Promise<void> {
    await this.engine.close();
  }

  /** A missing time is NaN, which the engine sorts above every number. */
  #isAfter({ column, epochMs, included }: NonNullable<Selection['after']>): string {
    const value = rawExpression(findColumn(this.#columns, column, 'time'), 'timestamp');
    return `(${value} ${included ? '>=' : '>'} ${epochMs} AND NOT isnan(${value}))`;
  }

  async #lastPlace(from: string, where: string, limit: number): Promise<number> {
    const { last } = await this.engine.row(
      `SELECT max(${DRAWN}) AS last FROM (SELECT ${DRAWN} FROM ${from} WHERE ${where} ORDER BY ${DRAWN} LIMIT ${limit})`,
    );
    return Number(last ?? 0);
  }
}

function isEverything(selection: Selection): boolean {
  return (
    selection.side === undefined &&
    selection.after === undefined &&
    (selection.limit === undefined || selection.limit === 'all')
  );
}
