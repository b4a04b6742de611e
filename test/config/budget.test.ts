import { expect, test } from 'vitest';
import { csv, defineLifecycle, mebibytes, minutes, tree, type LifecycleInput } from '../../config/define.ts';
import { definitionHash } from '../../config/definition.ts';

/** What a search may take, as it is declared. */

const define = (budget?: LifecycleInput['budget']) =>
  defineLifecycle({
    name: 'bounded',
    sources: { rows: csv('rows.csv') },
    target: 'y',
    search: [tree()],
    ...(budget ? { budget } : {}),
  });

test('is kept as it is written; where it is absent the hash is that of earlier versions', () => {
  const budget = { searchMs: minutes(5), candidateMs: minutes(1), candidateBytes: mebibytes(512) };
  expect(define(budget).budget).toEqual(budget);
  expect('budget' in define()).toBe(false);
  expect(definitionHash(define())).toBe('ad8f4fc62536cc1224d806c9602ce728def1178be262b804c05473ad66357a73');
});

test.each<[object, string, RegExp]>([
  [{ searchMs: 10 }, 'budget.searchMs', />=\s?1000/],
  [{ candidateMs: 1.5 }, 'budget.candidateMs', /int/],
  [{ candidateBytes: 1_000_000 }, 'budget.candidateBytes', /mebibytes\(256\)/],
  [{}, 'budget', /must hold searchMs, candidateMs or candidateBytes/],
  [{ within: '5 minutes' }, 'budget.within', /spelling/],
])('%j is refused by its path', (budget, field, expected) => {
  expect(() => define(budget)).toThrow(
    expect.objectContaining({ field, expected: expect.stringMatching(expected) as string }),
  );
});
