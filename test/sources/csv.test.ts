import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { testFolder } from './folder.ts';

// CSV files are read as published: exact names, types from the whole file, and the line of a broken row.

const { write, snapshot, describe: columnsOf, rowsOf } = testFolder();

async function read(from: string, options: object = {}): Promise<Record<string, unknown>[]> {
  const { path } = await snapshot({ t: { kind: 'csv', from, ...options } }, 'FROM t');
  return rowsOf(`read_parquet('${path}')`);
}

describe('names', () => {
  test('are kept exactly, with trailing blanks, quotes and umlauts', async () => {
    write('names.csv', '\uFEFFid,Project Type ," a b","say ""hi""",Größe\n1,2,3,4,5\n');
    const columns = await columnsOf({ t: { kind: 'csv', from: 'names.csv' } }, 'FROM t');
    expect(columns.map((c) => c.name)).toEqual(['id', 'Project Type ', ' a b', 'say "hi"', 'Größe']);
  });

  test('that repeat or are empty are told apart', async () => {
    write('repeat.csv', 'a,a,A,\n1,2,3,4\n');
    const columns = await columnsOf({ t: { kind: 'csv', from: 'repeat.csv' } }, 'FROM t');
    expect(columns.map((c) => c.name)).toEqual(['a', 'a_1', 'A_2', 'column3']);
  });

  test('are numbered where there is no header', async () => {
    write('headless.csv', '1,x\n2,y\n');
    expect(await read('headless.csv', { header: false })).toEqual([
      { column0: 1n, column1: 'x' },
      { column0: 2n, column1: 'y' },
    ]);
  });
});

describe('types', () => {
  test('true and false are booleans; yes, no, t and f are the words that were published', async () => {
    write('words.csv', 'a,b,c,d\nyes,true,t,True\nno,false,f,FALSE\n,,,\n');
    const columns = await columnsOf({ t: { kind: 'csv', from: 'words.csv' } }, 'FROM t');
    expect(columns.map((c) => c.type)).toEqual(['string', 'boolean', 'string', 'boolean']);
    expect(await read('words.csv')).toEqual([
      { a: 'yes', b: true, c: 't', d: true },
      { a: 'no', b: false, c: 'f', d: false },
      { a: null, b: null, c: null, d: null },
    ]);
    const declared = await columnsOf(
      { t: { kind: 'csv', from: 'words.csv', types: { a: 'BOOLEAN' } } },
      'FROM t',
    );
    expect(declared[0].type).toBe('boolean');
  });

  test('only ISO 8601 is a date: what may be of January or of February is text in every file', async () => {
    write('month/ambiguous.csv', 'd,at\n01/02/2020,01/02/2020 10:00\n02/03/2020,02/03/2020 11:00\n');
    write('month/clear.csv', 'd,at\n01/13/2020,01/13/2020 10:00\n02/14/2020,02/14/2020 11:00\n');
    write('month/day.csv', 'd,at\n13.01.2020,2020/01/13\n14.02.2020,2020-1-2\n');
    for (const from of ['month/ambiguous.csv', 'month/clear.csv', 'month/day.csv', 'month/*.csv']) {
      const columns = await columnsOf({ t: { kind: 'csv', from } }, 'FROM t');
      expect(columns.map((c) => c.sqlType)).toEqual(['VARCHAR', 'VARCHAR']);
    }
    const { path } = await snapshot(
      { t: { kind: 'csv', from: 'month/ambiguous.csv' } },
      `SELECT CAST(strptime(d, '%m/%d/%Y') AS DATE)::VARCHAR AS d FROM t`,
    );
    expect(await rowsOf(`'${path}'`)).toEqual([{ d: '2020-01-02' }, { d: '2020-02-03' }]);
  });

  test('ISO 8601 dates stay dates, beside columns in other formats as well', async () => {
    write(
      'iso.csv',
      `day,at,zoned,utc,us,eu,short
2020-01-02,2020-01-02 03:04,2020-01-02T03:04:05Z,2020-01-02 03:04:05 UTC,01/02/2020,13/01/2020,20-01-02
2020-02-03,2020-01-02T03:04:05.678,2020-01-02T03:04:05.678+02:00,2020-01-02 03:04:05 UTC,02/03/2020,14/01/2020,20-01-03
infinity,,,,,,
`,
    );
    const columns = await columnsOf({ t: { kind: 'csv', from: 'iso.csv' } }, 'FROM t');
    expect(Object.fromEntries(columns.map((c) => [c.name, c.sqlType]))).toEqual({
      day: 'DATE',
      at: 'TIMESTAMP',
      zoned: 'TIMESTAMP WITH TIME ZONE',
      utc: 'TIMESTAMP',
      us: 'VARCHAR',
      eu: 'VARCHAR',
      short: 'VARCHAR',
    });
    const declared = await columnsOf(
      { t: { kind: 'csv', from: 'iso.csv', types: { us: 'DATE' } } },
      'FROM t',
    );
    expect(declared.find((c) => c.name === 'us')?.sqlType).toBe('DATE');
  });

  test('come from the whole file, not from its head', async () => {
    const rows = Array.from({ length: 60_000 }, (_, i) => `${i},${i}`).join('\n');
    write('late.csv', `id,v\n${rows}\n60000,oops\n`);
    const columns = await columnsOf({ t: { kind: 'csv', from: 'late.csv' } }, 'FROM t');
    expect(columns).toEqual([
      { name: 'id', type: 'number', sqlType: 'BIGINT' },
      { name: 'v', type: 'string', sqlType: 'VARCHAR' },
    ]);
  });

  test('and nulls can be declared', async () => {
    write('declared.csv', 'zip,v\n01234,1\nn/a,NULL\n');
    expect(await read('declared.csv', { types: { zip: 'VARCHAR' }, nulls: ['NULL', 'n/a'] })).toEqual([
      { zip: '01234', v: 1n },
      { zip: null, v: null },
    ]);
  });

  test('of a column that is not there are refused with what is near', async () => {
    write('near.csv', 'distance,v\n1,2\n');
    await expect(read('near.csv', { types: { distnace: 'DOUBLE' } })).rejects.toMatchObject({
      code: 'UNKNOWN_COLUMN',
      field: 'sources.t.types',
      message: expect.stringContaining('Did you mean "distance"?') as string,
    });
  });
});

describe('delimiters', () => {
  test.each([
    ['semicolon', 'a;b\n1,5;2\n3,5;4\n', ['a', 'b']],
    ['tab', 'a\tb\n1\t2\n', ['a', 'b']],
    ['bar', 'a|b|c\n1|2|3\n', ['a', 'b', 'c']],
    ['comma in quotes', '"a;x;y",b\n1,2\n', ['a;x;y', 'b']],
    ['none', 'name\nbob\neve\n', ['name']],
  ])('%s is found', async (name, text, expected) => {
    write(`${name}.csv`, text);
    const columns = await columnsOf({ t: { kind: 'csv', from: `${name}.csv` } }, 'FROM t');
    expect(columns.map((c) => c.name)).toEqual(expected);
  });

  test('can be declared', async () => {
    write('caret.csv', 'a^b\n1^2\n');
    expect(await read('caret.csv', { delimiter: '^' })).toEqual([{ a: 1n, b: 2n }]);
  });
});

test.each([
  ['CRLF with LF in a quoted cell', 'id,note,y\r\n1,"a\nb",p\r\n2,c,q\r\n', 'a\nb'],
  ['LF with CRLF in a quoted cell', 'id,note,y\n1,"a\r\nb",p\n2,c,q\n', 'a\r\nb'],
])('lines that end in %s are read', async (name, text, note) => {
  write(`${name}.csv`, text);
  expect(await read(`${name}.csv`)).toEqual([
    { id: 1n, note, y: 'p' },
    { id: 2n, note: 'c', y: 'q' },
  ]);
  write(`${name} broken.csv`, `${text}3,d\n`);
  await expect(read(`${name} broken.csv`)).rejects.toMatchObject({ code: 'SOURCE_UNREADABLE' });
});

test('gzip is read', async () => {
  write('zipped.csv.gz', gzipSync('a,b\n1,2\n'));
  expect(await read('zipped.csv.gz')).toEqual([{ a: 1n, b: 2n }]);
});

test('a header without rows is an empty table', async () => {
  write('head.csv', 'a,b\n');
  expect(await read('head.csv')).toEqual([]);
});

describe('a broken row', () => {
  const body = Array.from({ length: 5000 }, (_, i) => `${i},${i}`).join('\n');
  test.each([
    [
      'with a field too many',
      `a,b\n${body}\n1,2,3\n4,5\n`,
      /line 5002: the row has 3 fields where the header has 2/,
    ],
    [
      'with a field too few',
      `a,b\n${body}\n1\n4,5\n`,
      /line 5002: the row has 1 field where the header has 2/,
    ],
    ['in a short file', 'id,v\n1,2\n2,x,9\n3,4\n', /line 3: the row has 3 fields/],
    ['whose quote is never closed', `a,b\n${body}\n1,"x\n4,5\n`, /line 5002/],
  ])('%s is named by file and line', async (name, text, message) => {
    const path = write(`broken ${name}.csv`, text);
    await expect(read(path)).rejects.toMatchObject({
      code: 'SOURCE_UNREADABLE',
      field: 'sources.t',
      message: expect.stringMatching(message) as string,
    });
    await expect(read(path)).rejects.toThrow(path);
  });

  test('is found in a column that the query does not read', async () => {
    write('unread.csv', `a,b\n${body}\n1,x\n`);
    const query = snapshot(
      { t: { kind: 'csv', from: 'unread.csv', types: { b: 'BIGINT' } } },
      'SELECT a FROM t',
    );
    await expect(query).rejects.toThrow(/line 5002: column "b": Could not convert string "x" to 'BIGINT'/);
  });

  test('of text that is not UTF-8 is refused', async () => {
    write('latin.csv', Buffer.from('a,b\n1,M\xfcnchen\n', 'latin1'));
    await expect(read('latin.csv')).rejects.toMatchObject({
      code: 'SOURCE_UNREADABLE',
      message: expect.stringMatching(
        /latin\.csv, line 2: Invalid unicode .*not utf-8 encoded \("1,M/,
      ) as string,
    });
  });

  test('that is too long says so', async () => {
    write('long.csv', `a,b\n1,${'x'.repeat(3_000_000)}\n`);
    await expect(read('long.csv')).rejects.toThrow(
      /long\.csv, line 2: Maximum line size of 2000000 bytes exceeded\. Actual Size:3000002 bytes \("1,xxx/,
    );
  });
});

const school = fileURLToPath(
  new URL('../../../shared/data/nyc_sca_schedules/raw_2025-06.csv', import.meta.url),
);
test('the school construction export keeps its 13,153 rows and its names with trailing blanks', async ({
  skip,
}) => {
  skip(!existsSync(school), 'needs the data folder ../shared/data, which is not part of the repository');
  const { rows, columns } = await snapshot({ t: { kind: 'csv', from: school } }, 'FROM t');
  expect(rows).toBe(13_153);
  expect(columns.map((c) => c.name)).toContain('Project Geographic District ');
  expect(columns.map((c) => c.name)).toContain('Project Type ');
});
