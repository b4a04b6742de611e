import { PerennialError } from '../config/errors.ts';
import type { LabelInput, LabelResult } from '../store/predictionTypes.ts';
import type { Signature, Store } from '../store/types.ts';
import { makeScratch } from './scratch.ts';

/** What was true, told after the predictions. */
export interface LabelCalls {
  /**
   * Sends labels in order, 10,000 in a transaction. Sending the same again changes nothing; another value corrects the
   * first, which is kept with its time.
   *
   * @param labels or the path of a CSV, Parquet or JSON file with the columns `value` and `key` or `request_id`
   *   (and `row`), and `observed_at` where they were not observed just now
   * @throws PerennialError NOT_FOUND (no such model); INVALID_INPUT naming the row and its value
   */
  send(name: string, labels: readonly LabelInput[] | string): Promise<LabelResult>;
}

/** Labels of one transaction: all of them are kept, or none. */
const BATCH = 10_000;

export function labelCalls(
  { labels }: Store,
  champion: (name: string) => Promise<{ signature: Signature }>,
): LabelCalls {
  return {
    async send(name, given) {
      const { signature } = await champion(name);
      const total: LabelResult = { accepted: 0, unchanged: 0, corrected: 0 };
      const put = async (batch: readonly LabelInput[], first: number): Promise<void> => {
        const result = await labels.put(
          name,
          batch.map((label, i) => ({ ...label, value: labelValue(label.value, signature, first + i) })),
        );
        for (const field of Object.keys(total) as (keyof LabelResult)[]) total[field] += result[field];
      };
      if (typeof given !== 'string') {
        for (let at = 0; at < given.length; at += BATCH) await put(given.slice(at, at + BATCH), at + 1);
        return total;
      }
      let first = 1;
      for await (const batch of readLabels(given)) {
        await put(batch, first);
        first += batch.length;
      }
      return total;
    },
  };
}

/**
 * A label as the model's target has it: one of its classes, or a number. Text of a CSV stands for what it says.
 *
 * @throws PerennialError INVALID_INPUT naming the row
 */
export function labelValue(
  value: LabelInput['value'],
  { classes, target }: Pick<Signature, 'classes' | 'target'>,
  row: number,
): LabelInput['value'] {
  if (!classes) {
    const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
    if (typeof number === 'number' && Number.isFinite(number)) return number;
    throw wrongValue(value, row, target, 'a finite number');
  }
  const same = classes.find((each) => each === value);
  if (same !== undefined) return same;
  const text = String(value).trim();
  const meant = classes.find(
    (each) =>
      (typeof each === 'number' && text !== '' && Number(text) === each) ||
      (typeof each === 'boolean' && text.toLowerCase() === String(each)) ||
      (typeof each === 'string' && String(value) === each),
  );
  if (meant === undefined) throw wrongValue(value, row, target, `one of ${classes.join(', ')}`);
  return meant;
}

function wrongValue(value: unknown, row: number, target: string, expected: string): PerennialError {
  return new PerennialError(
    'INVALID_INPUT',
    `Label ${row}: "${String(value)}" is no value of ${target}; expected ${expected}.`,
    {
      field: `labels[${row - 1}].value`,
      value,
      expected,
    },
  );
}

/** By the names in a file's head, in either spelling. */
const COLUMNS = {
  requestId: ['request_id', 'requestId'],
  row: ['row'],
  key: ['key'],
  value: ['value', 'label'],
  observedAt: ['observed_at', 'observedAt'],
} as const;

async function* readLabels(path: string): AsyncGenerator<LabelInput[]> {
  // DuckDB is loaded only by those who need it.
  const [{ inferFile }, { readFileBatches }] = await Promise.all([
    import('../sources/inferFile.ts'),
    import('../sources/readFile.ts'),
  ]);
  const scratch = await makeScratch('labels');
  try {
    const found = (await inferFile(path, { scratch: scratch.path })).columns.map((column) => column.name);
    const nameOf = (field: keyof typeof COLUMNS): string | undefined =>
      COLUMNS[field].find((name) => found.includes(name));
    const value = nameOf('value');
    if (value === undefined || (nameOf('key') === undefined && nameOf('requestId') === undefined)) {
      throw new PerennialError('INVALID_INPUT', `${path} holds no labels: it has ${found.join(', ')}.`, {
        field: 'columns',
        value: found.join(', '),
        expected: 'the columns value and key, or value and request_id (and row)',
      });
    }
    const fields = (Object.keys(COLUMNS) as (keyof typeof COLUMNS)[]).flatMap((field) => {
      const name = nameOf(field);
      return name === undefined ? [] : [{ field, name, type: typeOf(field) }];
    });
    for await (const { rows, columns } of readFileBatches(path, fields, {
      scratch: scratch.path,
      batchRows: BATCH,
    })) {
      yield Array.from({ length: rows }, (_, i) => {
        const cell = (field: keyof typeof COLUMNS): string | number | undefined => {
          const name = nameOf(field);
          const held = name === undefined ? undefined : columns[name]?.[i];
          return held === '' || Number.isNaN(held) ? undefined : held;
        };
        const observed = cell('observedAt');
        return {
          ...defined('requestId', text(cell('requestId'))),
          ...defined('row', cell('row') as number | undefined),
          ...defined('key', text(cell('key'))),
          value: cell('value') ?? '',
          ...defined(
            'observedAt',
            observed === undefined ? undefined : new Date(Number(observed)).toISOString(),
          ),
        };
      });
    }
  } finally {
    await scratch.remove();
  }
}

function typeOf(field: keyof typeof COLUMNS): 'number' | 'timestamp' | 'string' {
  return field === 'row' ? 'number' : field === 'observedAt' ? 'timestamp' : 'string';
}

function text(value: string | number | undefined): string | undefined {
  return value === undefined ? undefined : String(value);
}

function defined<Name extends string, Value>(
  name: Name,
  value: Value | undefined,
): Partial<Record<Name, Value>> {
  return value === undefined ? {} : ({ [name]: value } as Record<Name, Value>);
}
