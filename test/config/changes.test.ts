import { describe, expect, it } from 'vitest';
import { diffDefinitions } from '../../config/changes.ts';
import { csv, defineLifecycle, forest, logistic, type LifecycleInput } from '../../config/define.ts';
import { definitionSchema } from '../../config/definition.ts';

const smallest: LifecycleInput = {
  name: 'churn',
  sources: { customers: csv('customers.csv') },
  target: 'left',
  search: [logistic({ l2: [0.1, 1] })],
};
const before = defineLifecycle(smallest);
const changesTo = (change: Partial<LifecycleInput>) =>
  diffDefinitions(before, defineLifecycle({ ...smallest, ...change })).map(
    ({ section, redo }) => `${section} -> ${redo}`,
  );

describe('what a deployment changes', () => {
  it('is nothing for the same definition, however its keys are ordered and whether a default is written out', () => {
    const reordered = Object.fromEntries(Object.entries(smallest).reverse()) as LifecycleInput;
    const written = { ...reordered, seed: 1, dataset: 'SELECT * FROM "customers"', checks: [] };
    expect(diffDefinitions(before, defineLifecycle(written))).toEqual([]);
  });

  it.each<[Partial<LifecycleInput>, string[]]>([
    [{ sources: { customers: csv('june.csv') } }, ['sources -> ingest']],
    [{ dataset: 'SELECT * FROM customers WHERE left IS NOT NULL' }, ['dataset -> ingest']],
    [{ key: 'id', time: 'at' }, ['time -> ingest', 'key -> ingest']],
    [{ task: 'binary', positive: 'yes' }, ['task -> ingest', 'positive -> ingest']],
    [{ checks: [{ kind: 'rows', min: 10 }] }, ['checks -> validate']],
    [{ features: [{ kind: 'passthrough', columns: ['age'] }] }, ['features -> featurize']],
    [{ seed: 2, split: { by: 'hash', test: 0.3 } }, ['split -> featurize', 'seed -> featurize']],
    [{ sample: { search: 500 } }, ['sample -> featurize']],
    [{ search: [logistic({ l2: [0.1, 1] }), forest()] }, ['search -> search']],
    [{ search: [logistic({ l2: [1, 0.1] })] }, ['search -> search']],
    [{ select: { folds: 3 } }, ['select -> search']],
    [{ select: { cv: { kind: 'plain' } } }, ['select -> search']],
    [{ select: { also: ['logLoss'] } }, ['select -> nothing']],
    [{ select: { rule: 'oneStandardError' } }, ['select -> search']],
    [{ select: { stopEarly: {} } }, ['select -> nothing']],
    [{ select: { metric: 'logLoss', atMost: 0.4 } }, ['select -> search']],
    [{ select: { atLeast: 0.8, tolerance: 0.01 } }, ['select -> nothing']],
    [{ calibrate: 'isotonic' }, ['calibrate -> evaluate']],
    [{ parallelism: 4 }, ['parallelism -> nothing']],
    [{ canary: { steps: [10] }, approvals: {} }, ['canary -> nothing', 'approvals -> nothing']],
    [{ notify: { webhooks: [] } }, ['notify -> nothing']],
    [{ retrain: {} }, ['retrain -> nothing']],
    [{ watch: { everyMs: 60_000 }, retrain: { onNewData: {} } }, ['watch -> watch', 'retrain -> watch']],
  ])('%j changes %j', (change, expected) => {
    expect(changesTo(change)).toEqual(expected);
  });

  it('names what redoes most first', () => {
    expect(changesTo({ parallelism: 3, search: [forest()], sources: { customers: csv('b.csv') } })).toEqual([
      'sources -> ingest',
      'search -> search',
      'parallelism -> nothing',
    ]);
  });

  it('asks for labels anew only where somebody watches', () => {
    const labels = { source: csv('labels.csv'), key: 'id', value: 'left' };
    expect(changesTo({ labels })).toEqual(['labels -> nothing']);
    expect(changesTo({ labels, watch: {} })).toEqual(['watch -> watch', 'labels -> watch']);
  });

  it('is a section that was left out, as much as one that was added', () => {
    const watched = defineLifecycle({ ...smallest, watch: {} });
    expect(diffDefinitions(watched, before)).toEqual([{ section: 'watch', redo: 'watch' }]);
  });

  it('is every section of a first definition that is there', () => {
    const changes = diffDefinitions(undefined, before);
    expect(changes.map(({ section }) => section)).toEqual([
      ...['sources', 'dataset', 'target', 'task', 'checks', 'features', 'split', 'sample', 'seed'],
      ...['search', 'select', 'parallelism'],
    ]);
  });

  it('knows every section that a definition has', () => {
    const sections = Object.keys(definitionSchema.shape).filter(
      (key) => !['apiVersion', 'name'].includes(key),
    );
    const full = Object.fromEntries(sections.map((section) => [section, { section }]));
    const told = diffDefinitions(undefined, full as never).map(({ section }) => section);
    expect(told.sort()).toEqual(sections.sort());
  });
});
