import { expect, test } from 'vitest';
import { overrideSources, parseSourceArguments } from '../../client/overrideSources.ts';
import { definitionHash, parseDefinition } from '../../config/definition.ts';

/** `--source name=path` reads another file with the same definition. */

const definition = parseDefinition({
  apiVersion: 1,
  name: 'phases',
  sources: {
    phases: { kind: 'csv', from: 'phases.csv', delimiter: ';', nulls: ['PNS'] },
    orders: { kind: 'postgres', connection: { secret: 'WAREHOUSE_URL' }, query: 'SELECT 1' },
  },
  dataset: 'SELECT * FROM phases',
  target: 'late',
  search: [{ learner: 'logistic', grid: {} }],
});
const where = { baseDirectory: '/project/ml', from: '/project' };

test('a file of the same kind keeps the options of the source', () => {
  expect(overrideSources(definition, { phases: 'data/june.csv' }, where).sources.phases).toEqual({
    ...definition.sources.phases,
    from: '../data/june.csv',
  });
});

test.each([
  ['june.parquet', 'parquet'],
  ['june.jsonl', 'json'],
  ['june.csv.gz', 'csv'],
  ['https://host/june.parquet?version=2', 'parquet'],
])('%s is read as %s', (path, kind) => {
  expect(overrideSources(definition, { phases: path }, where).sources.phases?.kind).toBe(kind);
});

test('a file stands in for a query', () => {
  expect(overrideSources(definition, { orders: '/data/orders.csv' }, where).sources.orders).toMatchObject({
    kind: 'csv',
    from: '/data/orders.csv',
  });
});

test('the hash does not depend on where the project lies', () => {
  const here = overrideSources(definition, { phases: 'data/june.csv' }, where);
  const there = overrideSources(
    definition,
    { phases: 'data/june.csv' },
    { baseDirectory: '/home/b/ml', from: '/home/b' },
  );
  expect(definitionHash(here)).toBe(definitionHash(there));
  expect(definitionHash(here)).not.toBe(definitionHash(definition));
});

test('a name that no source has is refused, naming those that there are', () => {
  expect(() => overrideSources(definition, { phase: 'x.csv' }, where)).toThrow(
    expect.objectContaining({
      code: 'INVALID_INPUT',
      message: 'phases has no source "phase"; it has phases, orders.',
    }),
  );
});

test.each(['__proto__', 'constructor', 'toString'])(
  '%s, which every object has, is no source unless it is declared',
  (name) => {
    const paths = parseSourceArguments([`${name}=x.csv`]);
    expect(() => overrideSources(definition, paths, where)).toThrow(
      expect.objectContaining({
        code: 'INVALID_INPUT',
        message: `phases has no source "${name}"; it has phases, orders.`,
      }),
    );
    expect(() => parseSourceArguments([`${name}=x.csv`, `${name}=y.csv`])).toThrow('cannot be read');
  },
);

test('a source called constructor is replaced as any other', () => {
  const declared = parseDefinition({ ...definition, sources: { constructor: definition.sources.phases } });
  const { sources } = overrideSources(declared, { constructor: '/june.csv' }, where);
  expect(sources.constructor).toMatchObject({ kind: 'csv', from: '/june.csv' });
});

test.each(['phases', '=x.csv', 'phases='])('--source %s is refused', (argument) => {
  expect(() => parseSourceArguments([argument])).toThrow(
    expect.objectContaining({ code: 'INVALID_INPUT', field: '--source' }),
  );
});

test('the same name twice is refused; a path may hold an equals sign', () => {
  expect(() => parseSourceArguments(['a=1.csv', 'a=2.csv'])).toThrow(
    expect.objectContaining({ code: 'INVALID_INPUT' }),
  );
  expect({ ...parseSourceArguments(['a=year=2025/x.csv']) }).toEqual({ a: 'year=2025/x.csv' });
});
