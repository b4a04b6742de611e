import { Client, Connection } from '@temporalio/client';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { searchAttributes } from '../../config/searchAttributes.ts';
import { freshDatabase, type FreshDatabase } from '../setup/database.ts';
import { freshNamespace } from '../setup/namespace.ts';

let database: FreshDatabase;
beforeAll(async () => {
  database = await freshDatabase();
});
afterAll(() => database.drop());

test('a test file has an empty database of its own', async () => {
  const client = new pg.Client(database.url);
  await client.connect();
  const { rows } = await client.query("SELECT count(*)::int AS n FROM pg_tables WHERE schemaname = 'public'");
  await client.end();
  expect(rows).toEqual([{ n: 0 }]);
});

test('a test file has a namespace of its own, with the search attributes', async () => {
  const { temporalAddress, namespace } = await freshNamespace();
  const connection = await Connection.connect({ address: temporalAddress });
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  expect(Object.keys(customAttributes)).toEqual(
    expect.arrayContaining(Object.values(searchAttributes).map(({ name }) => name)),
  );
  const client = new Client({ connection, namespace });
  const handle = await client.workflow.start('nobody-runs-this', {
    workflowId: 'one',
    taskQueue: 'nobody',
    typedSearchAttributes: [{ key: searchAttributes.lifecycle, value: 'flights' }],
  });
  expect((await handle.describe()).typedSearchAttributes.get(searchAttributes.lifecycle)).toBe('flights');
  await handle.terminate();
  await connection.close();
});
