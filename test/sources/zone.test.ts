import { expect, test } from 'vitest';
import { readFileBatches } from '../../sources/readFile.ts';
import { testFolder } from './folder.ts';

// A machine's own zone changes no value: what a laptop in New York trains on, a server in UTC reads alike.

process.env.TZ = 'America/New_York'; // Before the first engine asks for it; every test file is a process of its own.
const { scratch, write, tableOf } = testFolder();

test('a time without a zone is UTC also on the connections that rows are streamed on', async () => {
  const path = write('input.json', '[{"at": "2020-01-01 00:00:00 "}, {"at": "2020-07-01T12:00:00.5"}]');
  const read: number[] = [];
  for await (const batch of readFileBatches(path, [{ name: 'at', type: 'timestamp' }], { scratch }))
    read.push(...(batch.columns.at as Float64Array));
  expect(read).toEqual([Date.UTC(2020, 0, 1), Date.UTC(2020, 6, 1, 12, 0, 0, 500)]);
});

test('a further connection has the zone of the first', async () => {
  const { engine } = await tableOf('SELECT 1 AS n');
  const session = await engine.session();
  const asked = `SELECT CAST(CAST('2020-01-01 00:00:00' AS TIMESTAMPTZ) AS VARCHAR) AS at`;
  try {
    expect(await session.row(asked)).toEqual({ at: '2020-01-01 00:00:00+00' });
    expect(await engine.row(asked)).toEqual({ at: '2020-01-01 00:00:00+00' });
  } finally {
    await session.close();
  }
});
