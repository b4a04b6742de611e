import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { loadDefinition } from '../../client/loadDefinition.ts';
import { declaredCandidates } from '../config/declared.ts';
import { generatePhases } from '../../examples/construction/generate.ts';

/** The examples are definitions, and the generated file is what its generator says. */

const at = (path: string): string => fileURLToPath(new URL(`../../examples/${path}`, import.meta.url));

test('the flights hold their last months out and search logistic regression, tree and forest', async () => {
  const { definition } = await loadDefinition(at('flights/lifecycle.ts'));
  expect(definition).toMatchObject({
    target: 'on_time',
    key: ['flight_id'],
    time: 'scheduled_at',
    split: { by: 'moment' },
  });
  expect(new Set(declaredCandidates(definition).map(({ learner }) => learner))).toEqual(
    new Set(['logistic', 'tree', 'forest']),
  );
});

test('no window of the flights reaches the day of the flight', async () => {
  const { definition } = await loadDefinition(at('flights/lifecycle.ts'));
  const windows = definition.dataset.match(/RANGE BETWEEN .*? AND .*?(?=[)\s]*\)|,|$)/gm) ?? [];
  expect(windows.length).toBeGreaterThanOrEqual(4);
  for (const window of windows) expect(window).toMatch(/AND INTERVAL 1 DAY PRECEDING$/);
});

test('the challenger of the flights reads the same rows, so that the snapshot is reused, and is rolled out by itself', async () => {
  const [champion, challenger] = await Promise.all(
    ['lifecycle', 'challenger'].map(
      async (file) => (await loadDefinition(at(`flights/${file}.ts`))).definition,
    ),
  );
  for (const section of ['name', 'sources', 'dataset', 'key', 'time', 'split', 'features'] as const)
    expect(challenger?.[section]).toEqual(champion?.[section]);
  expect(challenger?.canary).toMatchObject({ start: 'automatic', guards: { accuracy: { loss: 'brier' } } });
  expect(challenger && declaredCandidates(challenger)).toHaveLength(1);
});

test('the spoiled one differs in its windows alone: each of them reaches the day of the flight', async () => {
  const [champion, spoiled] = await Promise.all(
    ['lifecycle', 'spoiled'].map(async (file) => (await loadDefinition(at(`flights/${file}.ts`))).definition),
  );
  const ends = (text = ''): string[] =>
    [...text.matchAll(/RANGE BETWEEN .*? AND ([A-Z0-9 ]+?)\)/g)].map(([, end]) => end ?? '');
  expect(ends(champion?.dataset)).toHaveLength(6);
  expect(new Set(ends(spoiled?.dataset))).toEqual(new Set(['CURRENT ROW']));
  const withoutWindows = (text = ''): string => text.replace(/RANGE BETWEEN [^)]*\)/g, '');
  expect(withoutWindows(spoiled?.dataset)).toBe(withoutWindows(champion?.dataset));
  expect(spoiled?.name).toBe(champion?.name);
});

test('construction learns from nothing that is known only afterwards', async () => {
  const { definition } = await loadDefinition(at('construction/lifecycle.ts'));
  const features =
    definition.features === 'auto' ? [] : definition.features.flatMap(({ columns }) => columns);
  expect(features.length).toBeGreaterThan(5);
  for (const leak of ['actual_end', 'delay_days', 'label_known_on', 'schedule_adherence'])
    expect(features).not.toContain(leak);
});

test('phases.csv is the generator’s, byte for byte, and says in each row that it is generated', () => {
  const kept = readFileSync(at('construction/phases.csv'), 'utf8');
  expect(kept === generatePhases()).toBe(true);
  const rows = kept.trimEnd().split('\n').slice(1);
  expect(rows.length).toBeGreaterThan(1_000);
  expect(rows.every((row) => row.startsWith('GENERATED-'))).toBe(true);
  expect(kept.length).toBeLessThan(300_000);
});
