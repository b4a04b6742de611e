import { foldsOf } from '../activities/folds.ts';
import type { Features } from '../activities/features.ts';
import type { Definition } from '../config/definition.ts';
import { PerennialError } from '../config/errors.ts';
import type { RawBatch, RawType } from '../config/raw.ts';
import { splitPlan, type Side } from '../sources/split.ts';
import { openTable, type Table } from '../sources/table.ts';
import { writeRows } from '../sources/writeFile.ts';

/** `train` or `test`: the side of the hold-out. */
export const SIDE = 'perennial_side';
/** `train` or `test` in that fold of the search, empty where the row has no part in it. */
export const foldName = (fold: number): string => `perennial_fold_${fold}`;

/** Beside a trainer; more is spilled. */
const MEMORY_BYTES = 700_000_000;

export interface RunRows {
  /** Path of the dataset as a run snapshot it, Parquet. */
  snapshot: string;
  definition: Definition;
  /** What its featurize stage left: the sample that the search looked at, and its classes. */
  features: Pick<Features, 'facts' | 'y' | 'times' | 'groups'>;
  scratch: string;
}

/**
 * Writes every row of a run's dataset, with its side and its part in each fold: first the training rows in the order in
 * which they are drawn, of which the first `search` are those of the search, then the hold-out.
 *
 * @throws PerennialError INVALID_INPUT where the dataset has a column of those names
 */
export async function writeRunRows(
  path: string,
  { snapshot, definition, features, scratch }: RunRows,
): Promise<{ train: number; test: number; search: number }> {
  const folds = foldsOf(features, definition);
  const added = [SIDE, ...folds.map((_, k) => foldName(k))];
  const table = await openTable(snapshot, {
    ...{ scratch, memoryLimitBytes: MEMORY_BYTES, split: splitPlan(definition) },
  });
  try {
    const columns = table.columns().map(({ name, type }): { name: string; type: RawType } => ({
      ...{ name, type: type === 'other' ? 'string' : type },
    }));
    refuseTaken(
      columns.map(({ name }) => name),
      added,
    );
    const { train, test } = await table.sides();
    const search = features.facts.rows;
    if (search > train)
      throw new PerennialError('INTERNAL', `The search saw ${search} rows where ${train} are of training.`);
    const parts = folds.map(({ test: tested, train: learnt }) => partsOf(search, tested, learnt));
    await writeRows(
      path,
      [...columns, ...added.map((name) => ({ name, type: 'string' as const }))],
      markedRows(
        table,
        columns.map(({ name }) => name),
        parts,
      ),
      { scratch },
    );
    return { train, test, search };
  } finally {
    await table.close();
  }
}

async function* markedRows(
  table: Table,
  columns: string[],
  parts: readonly string[][],
): AsyncGenerator<RawBatch> {
  for (const side of ['train', 'test'] as const satisfies Side[]) {
    let at = 0;
    for await (const { rows, columns: values } of table.read({ columns, side, limit: 'all' })) {
      const from = at;
      const marks = parts.map((part, k): [string, string[]] => [
        foldName(k),
        Array.from({ length: rows }, (_, i) => (side === 'train' ? (part[from + i] ?? '') : '')),
      ]);
      const sides = Array.from({ length: rows }, () => side);
      yield { rows, columns: { ...values, [SIDE]: sides, ...Object.fromEntries(marks) } };
      at += rows;
    }
  }
}

/** [rows] what each is in a fold. */
function partsOf(rows: number, test: Int32Array, train?: Int32Array): string[] {
  const parts = new Array<string>(rows).fill(train ? '' : 'train');
  train?.forEach((row) => (parts[row] = 'train'));
  test.forEach((row) => (parts[row] = 'test'));
  return parts;
}

function refuseTaken(columns: readonly string[], added: readonly string[]): void {
  // The file's readers need not tell capitals from small letters.
  const taken = columns.find((name) => added.includes(name.toLowerCase()));
  if (taken === undefined) return;
  throw new PerennialError(
    'INVALID_INPUT',
    `The dataset has a column "${taken}", which the export would take the place of.`,
    { field: 'dataset', value: taken, expected: 'another name for it' },
  );
}
