import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { csv, parquet, postgres, secret, type LifecycleInput } from '../../config/define.ts';
import { openBench, type Bench } from '../workflows/bench.ts';
import { smallCsv, type Shape } from '../workflows/data.ts';
import { LONG_SEARCH, small } from '../workflows/definitions.ts';
import { perennial } from './commandLine.ts';
import { expectClosed, expectNothingHalfWritten } from './nothingLeft.ts';

/** Data and queries that are wrong: the run is closed with a reason that names field, value and what would be right. */

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
  bench.write('secret.csv', 'password\nhunter2\n');
});
afterAll(() => bench.close());

describe('a run fails with exit code 2 and leaves nothing half-written:', () => {
  test('a file that is not there', async () => {
    const sources = { parcels: csv('missing.csv') };
    const failure = await refusal('missing-file', { sources });
    expect(failure).toMatchObject({ code: 'SOURCE_NOT_FOUND', field: 'sources.parcels.from' });
    expect(failure.message).toContain('missing.csv');
    expect(failure.expected).not.toBeNull();
  });

  test('a CSV with a broken row, which is named', async () => {
    const lines = smallCsv().split('\n');
    lines[200] = '199,"never closed,red';
    const failure = await refusal('broken-row', fileOf('broken-row', lines.join('\n')));
    expect(failure).toMatchObject({
      code: 'SOURCE_UNREADABLE',
      field: expect.stringContaining('parcels') as string,
    });
    expect(failure.message).toMatch(/line 201|row 20[01]|201/i);
  });

  test('a CSV with a row of too many fields', async () => {
    const lines = smallCsv().split('\n');
    lines[300] = `${lines[300]},surplus,fields`;
    const failure = await refusal('long-row', fileOf('long-row', lines.join('\n')));
    expect(failure).toMatchObject({ code: 'SOURCE_UNREADABLE' });
    expect(failure.message).toMatch(/301/);
  });

  test('a file that is not Parquet', async () => {
    const sources = { parcels: parquet(bench.write('not.parquet', smallCsv())) };
    const failure = await refusal('not-parquet', { sources });
    expect(failure).toMatchObject({
      code: 'SOURCE_UNREADABLE',
      field: expect.stringContaining('parcels') as string,
    });
  });

  test('a secret that the worker does not have', async () => {
    const sources = { parcels: postgres(secret('NOWHERE_URL'), 'SELECT 1') };
    const failure = await refusal('no-secret', { sources });
    expect(failure).toMatchObject({ code: 'SECRET_MISSING', field: 'NOWHERE_URL' });
  });

  test('a column of text where numbers belong', async () => {
    const failure = await refusal('text-number', {
      features: [{ kind: 'standardize', columns: ['colour'] }],
    });
    expect(failure).toMatchObject({ code: 'INVALID_DEFINITION', field: 'features[0].columns[0]' });
    expect(failure.message).toContain('colour');
  });

  test.each([
    { title: 'target', wrong: { target: 'latte' }, field: 'target', value: 'latte', hint: 'late' },
    {
      title: 'feature',
      wrong: { features: [{ kind: 'standardize', columns: ['sise'] }] as const },
      field: 'features[0].columns[0]',
      value: 'sise',
      hint: 'size',
    },
    {
      title: 'check',
      wrong: { checks: [{ kind: 'unique', columns: ['idd'] }] as const },
      field: 'checks[0].columns[0]',
      value: 'idd',
      hint: 'id',
    },
    { title: 'key', wrong: { key: 'nr' }, field: 'key[0]', value: 'nr', hint: 'id' },
  ])('a wrong column name in the $title', async ({ title, wrong, field, value, hint }) => {
    const failure = await refusal(`wrong-${title}`, wrong as Partial<LifecycleInput>);
    expect(failure).toMatchObject({ code: 'UNKNOWN_COLUMN', field, value });
    expect(`${failure.message} ${failure.expected ?? ''}`).toContain(hint);
    expect(failure.message).toContain(value);
  });

  test('a wrong column name in the query', async () => {
    const failure = await refusal('wrong-query', { dataset: 'SELECT id, sise, late FROM parcels' });
    expect(failure).toMatchObject({ field: 'dataset' });
    expect(failure.message).toContain('sise');
    expect(failure.message).toContain('size');
  });

  test.each([
    { title: 'another file', dataset: `SELECT * FROM read_csv('FOLDER/secret.csv')` },
    { title: 'another file by its name', dataset: `SELECT * FROM 'FOLDER/secret.csv'` },
    { title: 'the text of a file', dataset: `SELECT content AS late FROM read_text('/etc/hostname')` },
    { title: 'ATTACH', dataset: `ATTACH 'FOLDER/other.db' AS other` },
    { title: 'ATTACH behind a query', dataset: `SELECT * FROM parcels; ATTACH 'FOLDER/other.db'` },
    { title: 'COPY', dataset: `COPY parcels TO 'FOLDER/stolen.csv'` },
    { title: 'http', dataset: `SELECT * FROM read_csv('http://127.0.0.1:9/x.csv')` },
    { title: 'installing an extension', dataset: `INSTALL httpfs` },
    { title: 'another statement', dataset: `SELECT * FROM parcels; DROP TABLE parcels` },
    { title: 'chance', dataset: `SELECT *, random() AS noise FROM parcels` },
    { title: 'a word that is no SQL', dataset: `SELEKT * FROM parcels` },
    { title: 'the environment', dataset: `SELECT *, getenv('HOME') AS home FROM parcels` },
  ])('SQL that reaches for $title', async ({ title, dataset }) => {
    const name = `sql-${title.toLowerCase().replaceAll(' ', '-')}`;
    const failure = await refusal(name, { dataset: dataset.replaceAll('FOLDER', bench.folder) });
    expect(failure).toMatchObject({ code: 'SQL_REFUSED', field: 'dataset' });
    expect(failure.expected).not.toBeNull();
    expect(JSON.stringify(failure)).not.toContain('hunter2');
  });

  test('0 rows, in the file and by the query', async () => {
    const header = await refusal('no-rows', fileOf('no-rows', 'id,size,colour,late\n'));
    expect(header).toMatchObject({ code: 'DATASET_UNUSABLE', field: 'dataset', value: '0 rows' });
    const filtered = await refusal('no-rows-left', { dataset: 'SELECT * FROM parcels WHERE size > 1e9' });
    expect(filtered).toMatchObject({ code: 'DATASET_UNUSABLE', field: 'dataset', value: '0 rows' });
  });
});

describe('a check that nobody had to ask for says no, with exit code 3 and the report kept:', () => {
  const cost: Partial<LifecycleInput> = {
    dataset: 'SELECT id, size, colour, cost::DOUBLE AS cost FROM parcels',
    target: 'cost',
    search: [{ learner: 'ridge', grid: {} }],
  };
  const size: Partial<LifecycleInput> = {
    dataset: 'SELECT id, size::DOUBLE AS size, colour, late FROM parcels',
  };
  test.each<{ title: string; edit: Shape['edit']; more: Partial<LifecycleInput>; reason: RegExp }>([
    {
      title: 'a target with one class',
      edit: (row) => (row.late = 'no'),
      more: {},
      reason: /target late.*every row has the value no/,
    },
    {
      title: 'a target with nulls',
      edit: (row, i) => i === 17 && (row.late = ''),
      more: {},
      reason: /target late.*1 row of 400/,
    },
    {
      title: 'a target with NaN',
      edit: (row, i) => i === 17 && (row.cost = 'nan'),
      more: cost,
      reason: /target cost.*1 row of 400/,
    },
    {
      title: 'a target with infinity',
      edit: (row, i) => i === 17 && (row.cost = 'inf'),
      more: cost,
      reason: /target cost.*1 .*infinite/,
    },
    {
      title: 'a target with minus infinity',
      edit: (row, i) => i === 17 && (row.cost = '-inf'),
      more: cost,
      reason: /target cost.*1 .*infinite/,
    },
    {
      title: 'infinity in a feature',
      edit: (row, i) => i === 3 && (row.size = 'inf'),
      more: size,
      reason: /size.*1 .*infinite|size/,
    },
    {
      title: 'a column of nulls alone',
      edit: undefined,
      more: { dataset: 'SELECT id, size, colour, NULL::DOUBLE AS nothing, late FROM parcels' },
      reason: /nothing/,
    },
    {
      title: 'duplicate keys',
      edit: (row, i) => i === 9 && (row.id = '8'),
      more: {},
      reason: /id/,
    },
  ])('$title', async ({ title, edit, more, reason }) => {
    const name = title.toLowerCase().replaceAll(' ', '-');
    const definition = small(bench, { name, ...fileOf(name, smallCsv({ edit })), ...more });
    const { exitCode, object } = await perennial(bench, 'train', fileFor(definition));
    expect({ exitCode, object }).toMatchObject({
      exitCode: 3,
      object: { outcome: 'checks-failed', version: null, reason: expect.stringMatching(reason) as string },
    });
    const { checks } = await bench.client.run(name, 1);
    expect(checks.filter(({ verdict }) => verdict === 'fail')).toHaveLength(1);
    await expectClosed(bench, name, 'checks-failed', object.reason as string);
    await expectNothingHalfWritten(bench, name);
  });
});

describe('a run goes on, and its model answers:', () => {
  test('NaN in a feature counts as missing', async () => {
    const text = smallCsv({ edit: (row, i) => i % 40 === 3 && (row.size = i % 80 === 3 ? 'nan' : '') });
    await expectRegistered('nan-feature', {
      ...fileOf('nan-feature', text),
      dataset: 'SELECT id, size::DOUBLE AS size, colour, late FROM parcels',
    });
  });

  test('a category that training never saw, text or number missing', async () => {
    await expectRegistered('unseen', {});
    const input = bench.write('unseen-rows.csv', 'id,size,colour\n1,5.5,ultraviolet\n2,1.5,\n3,,red\n');
    const output = join(bench.folder, 'unseen-scored.json');
    const { exitCode, object } = await perennial(
      bench,
      ...['predict', 'unseen', '--input', input, '--output', output],
    );
    expect(exitCode).toBe(0);
    expect(object).toMatchObject({ name: 'unseen', version: 1, rows: 3 });
    const scored = readFileSync(output, 'utf8');
    expect(scored.match(/ultraviolet/g)).toHaveLength(1);
    expect(scored).not.toMatch(/nan|null,\s*null/i);
  });
});

test('a second run of the same name at the same time is refused with exit code 2, and the first goes on', async () => {
  const name = 'twice-at-once';
  const file = fileFor(small(bench, { name, ...LONG_SEARCH }));
  const first = await bench.client.train(file);
  await expect.poll(() => bench.store.runs.running(name), { timeout: 20_000 }).toBeDefined();
  const { exitCode, object } = await perennial(bench, 'train', file);
  expect({ exitCode, error: object.error }).toMatchObject({
    exitCode: 2,
    error: {
      code: 'RUN_IN_PROGRESS',
      field: 'name',
      value: `training/${name}/1`,
      message: expect.stringContaining(`npx perennial attach ${name}/1`) as string,
    },
  });
  expect(await bench.store.runs.list(name)).toHaveLength(1);
  expect(await bench.store.runs.running(name)).toMatchObject({ number: 1 });
  await first.cancel();
  await expect(first.result()).rejects.toMatchObject({ code: 'CANCELLED' });
  await expectNothingHalfWritten(bench, name);
});

/** Trains by the command line and holds what every refusal has in common. */
async function refusal(name: string, more: Partial<LifecycleInput>) {
  const { exitCode, object, stderr } = await perennial(
    bench,
    'train',
    fileFor(small(bench, { name, ...more })),
  );
  expect({ exitCode, object }).toMatchObject({ exitCode: 2, object: { error: {} } });
  if (!object.error) throw new Error('There is no error.');
  expect(stderr).toContain(object.error.message.split('\n')[0]);
  await expectClosed(bench, name, 'failed', object.error.message);
  await expectNothingHalfWritten(bench, name);
  return object.error;
}

async function expectRegistered(name: string, more: Partial<LifecycleInput>): Promise<void> {
  const { exitCode, object } = await perennial(bench, 'train', fileFor(small(bench, { name, ...more })));
  expect({ exitCode, object }).toMatchObject({ exitCode: 0, object: { outcome: 'registered', version: 1 } });
  expect(await bench.store.orphans()).toEqual([]);
}

function fileFor(definition: { name: string }): string {
  return bench.write(`${definition.name}.json`, JSON.stringify(definition));
}

function fileOf(name: string, text: string): Pick<LifecycleInput, 'sources'> {
  return { sources: { parcels: csv(bench.write(`${name}-data.csv`, text)) } };
}
