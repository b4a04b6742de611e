import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { RawBatch } from '../../config/raw.ts';
import { inferFile } from '../../sources/inferFile.ts';
import { readFileBatches } from '../../sources/readFile.ts';
import { writeRows } from '../../sources/writeFile.ts';
import { AIRPORTS, FLIGHTS, testFolder } from './folder.ts';

// Files that somebody names outside of a definition: to predict from, to start from, to write to.

const { folder, scratch, write, rowsOf } = testFolder();
type Columns = Parameters<typeof readFileBatches>[1];

async function read(path: string, columns: Columns): Promise<RawBatch['columns']> {
  const all: RawBatch['columns'] = {};
  for await (const batch of readFileBatches(path, columns, { scratch })) Object.assign(all, batch.columns);
  return all;
}
async function* once(...batches: RawBatch[]): AsyncGenerator<RawBatch> {
  yield* batches;
}

describe('reading', () => {
  test('gives a model’s types, whatever the file’s own', async () => {
    const path = write(
      'input.csv',
      'zip,n,flag,at\n01234,1,true,2020-01-01T00:00:00Z\n,,,\n99,2.5,F,2020-01-01 01:00:00+01\n',
    );
    const columns = await read(path, [
      { name: 'at', type: 'timestamp' },
      { name: 'zip', type: 'string' },
      { name: 'n', type: 'number' },
      { name: 'flag', type: 'boolean' },
    ]);
    const midnight = Date.parse('2020-01-01T00:00:00Z');
    expect(columns).toEqual({
      at: Float64Array.of(midnight, NaN, midnight),
      zip: ['01234', '', '99'],
      n: Float64Array.of(1, NaN, 2.5),
      flag: Float64Array.of(1, NaN, 0),
    });
  });

  test('of JSON and Parquet agrees with CSV', async () => {
    const json = write('input.jsonl', '{"n":1,"s":"a","x":1}\n{"n":2.5}\n');
    expect(
      await read(json, [
        { name: 's', type: 'string' },
        { name: 'n', type: 'number' },
        { name: 'x', type: 'string' },
      ]),
    ).toEqual({
      s: ['a', ''],
      n: Float64Array.of(1, 2.5),
      x: ['1', ''],
    });
    let rows = 0;
    for await (const batch of readFileBatches(FLIGHTS, [{ name: 'distance', type: 'number' }], { scratch }))
      rows += batch.rows;
    expect(rows).toBe(3_000_000);
  });

  test('names a missing column, and a value that does not fit with its row', async () => {
    const path = write('wrong.csv', 'distance,v\n1,1\n2,oops\n');
    await expect(read(path, [{ name: 'distnace', type: 'number' }])).rejects.toMatchObject({
      code: 'UNKNOWN_COLUMN',
      message: `${path} has no column "distnace". Did you mean "distance"?`,
    });
    await expect(read(path, [{ name: 'v', type: 'number' }])).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      field: 'v',
      message: `${path}, row 2: v is "oops"; expected a number.`,
    });
  });

  test('of a file that is not there or of no known kind is refused', async () => {
    await expect(read(join(folder, 'none.csv'), [])).rejects.toMatchObject({ code: 'SOURCE_NOT_FOUND' });
    await expect(read(write('input.xlsx', ''), [])).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  });
});

describe('writing', () => {
  const columns = [
    { name: 'label', type: 'number' },
    { name: 'p', type: 'number' },
    { name: 'why', type: 'string' },
    { name: 'ok', type: 'boolean' },
    { name: 'at', type: 'timestamp' },
  ] as const;
  const batch: RawBatch = {
    rows: 2,
    columns: {
      label: Float64Array.of(1, 0),
      p: Float64Array.of(0.25, NaN),
      why: ['a,"b"', ''],
      ok: Float64Array.of(1, NaN),
      at: Float64Array.of(0, 86_400_000),
    },
  };

  test('CSV, JSON, JSON lines and Parquet hold the same rows', async () => {
    const at = async (name: string) => {
      const path = join(folder, name);
      expect(await writeRows(path, columns, once(batch, batch), { scratch })).toMatchObject({ rows: 4 });
      return path;
    };
    expect(
      readFileSync(await at('out.csv'), 'utf8')
        .split('\n')
        .slice(0, 3),
    ).toEqual(['label,p,why,ok,at', '1,0.25,"a,""b""",true,1970-01-01 00:00:00', '0,,,,1970-01-02 00:00:00']);
    const parsed = JSON.parse(readFileSync(await at('out.json'), 'utf8')) as unknown[];
    expect(parsed[0]).toEqual({ label: 1, p: 0.25, why: 'a,"b"', ok: true, at: '1970-01-01 00:00:00' });
    expect(
      readFileSync(await at('out.jsonl'), 'utf8')
        .trim()
        .split('\n').length,
    ).toBe(4);
    const rows = await rowsOf(`'${await at('out.parquet')}'`);
    expect(rows[1]).toMatchObject({ label: 0n, p: null, why: null, ok: null });
  });

  test('beside a CSV keeps its columns as they stand there', async () => {
    const input = write('beside.csv', 'zip,amount ,label\n01234,1.50,x\n0,2,y\n');
    const path = join(folder, 'scored.csv');
    await writeRows(path, columns.slice(0, 2), once(batch), { scratch, beside: input });
    expect(readFileSync(path, 'utf8')).toBe('zip,amount ,label,p\n01234,1.50,1,0.25\n0,2,0,\n');
    const more = writeRows(path, columns.slice(0, 2), once(batch, batch), { scratch, beside: input });
    await expect(more).rejects.toThrow('has 2 rows where 4 are written');
  });

  test('beside a file whose columns are called as the waiting table and its columns are', async () => {
    const input = write('numbered.csv', 'c0,C1,filled,input,beside\na,b,c,d,e\nf,g,h,i,j\n');
    const path = join(folder, 'numbered-scored.csv');
    await writeRows(path, columns.slice(0, 2), once(batch), { scratch, beside: input });
    expect(readFileSync(path, 'utf8')).toBe(
      'c0,C1,filled,input,beside,label,p\na,b,c,d,e,1,0.25\nf,g,h,i,j,0,\n',
    );
  });

  test('that fails half-way leaves the old file and nothing else', async () => {
    const path = write('kept/out.csv', 'old\n');
    async function* broken(): AsyncGenerator<RawBatch> {
      yield batch;
      throw new Error('the model died');
    }
    await expect(writeRows(path, columns, broken(), { scratch })).rejects.toThrow('the model died');
    expect(readFileSync(path, 'utf8')).toBe('old\n');
    expect(readdirSync(join(folder, 'kept'))).toEqual(['out.csv']);
    await expect(
      writeRows(join(folder, 'no/such/out.csv'), columns, once(), { scratch }),
    ).rejects.toMatchObject({
      code: 'INVALID_INPUT',
    });
    expect(existsSync(join(folder, 'no'))).toBe(false);
  });
});

describe('inferring', () => {
  test('describes the columns and guesses what could be learned', async () => {
    const lines = Array.from(
      { length: 40 },
      (_, i) => `c${i},2020-01-${10 + (i % 20)},${i * 1.5},${i % 2 ? 'yes' : 'no'},${i % 5}`,
    );
    const path = write('init.csv', `customer,joined,amount,left,stars\n${lines.join('\n')}\n`);
    const file = await inferFile(path, { scratch });
    expect(file).toMatchObject({
      rows: 40,
      source: { kind: 'csv', from: path },
      guess: { target: 'left', key: 'customer', time: 'joined' },
    });
    expect(file.columns.map((c) => [c.name, c.type, c.distinct])).toEqual([
      ['customer', 'string', 40],
      ['joined', 'timestamp', 20],
      ['amount', 'number', 40],
      ['left', 'string', 2],
      ['stars', 'number', 5],
    ]);
  });

  test('reads real airports', async () => {
    const { rows, guess } = await inferFile(AIRPORTS, { scratch });
    expect(rows).toBe(3376);
    expect(guess.key).toBe('iata');
  });
});
