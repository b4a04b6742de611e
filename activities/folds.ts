import type { Definition } from '../config/definition.ts';
import { PerennialError } from '../config/errors.ts';
import type { RawBatch } from '../config/raw.ts';
import { deriveSeed } from '../learning/rng.ts';
import { groupedFolds, plainFolds, stratifiedFolds, withoutFold, type Fold } from '../learning/split.ts';
import { timeFolds } from '../learning/timeFolds.ts';
import type { Task } from '../learning/types.ts';
import type { Features } from './features.ts';
import { asRefusal } from './refusal.ts';

type Dealt = Pick<Definition, 'select' | 'seed'>;

/** The column that decides in which fold a row is, where one does. */
export function foldColumn({
  select: { cv },
  time,
}: Pick<Definition, 'select' | 'time'>): string | undefined {
  return cv?.kind === 'group' ? cv.column : cv?.kind === 'time' ? time : undefined;
}

/**
 * That column as features keep it.
 *
 * @param values [rows]; a missing value is a group like any other
 */
export function keepFoldColumn(
  { cv }: Definition['select'],
  values: RawBatch['columns'][string] | undefined,
): Pick<Features, 'times' | 'groups'> {
  if (values === undefined) return {};
  if (cv?.kind === 'time') return { times: Float64Array.from(values, Number) };
  const numbers = new Map<number | string, number>();
  const numberOf = (value: number | string): number => {
    const number = numbers.get(value) ?? numbers.size;
    numbers.set(value, number);
    return number;
  };
  return { groups: Int32Array.from(values as ArrayLike<number | string>, numberOf) };
}

/** @throws PerennialError INVALID_DEFINITION where the folds do not fit the task that the target turned out to be */
export function refuseUnfitFolds({ cv }: Definition['select'], task: Task): void {
  if (cv?.kind !== 'stratified' || task !== 'regression') return;
  const expected = '`plain`: a regression has no classes to deal evenly';
  throw new PerennialError(
    'INVALID_DEFINITION',
    `select.cv.kind is "stratified", and the target's task is regression; expected ${expected}.`,
    { field: 'select.cv.kind', value: cv.kind, expected },
  );
}

/**
 * The folds of a search, the same for every candidate: the seed is that of the definition and the word `folds`. Folds
 * by time draw nothing.
 *
 * @throws PerennialError DATASET_UNUSABLE where the rows cannot be cut so
 */
export function foldsOf(
  features: Pick<Features, 'facts' | 'y' | 'times' | 'groups'>,
  definition: Dealt,
): Fold[] {
  const { folds, cv } = definition.select;
  const seed = deriveSeed(definition.seed, 'folds');
  const { rows, classes } = features.facts;
  const kind = cv?.kind ?? (classes ? 'stratified' : 'plain');
  const cut = (): Fold[] => {
    switch (kind) {
      case 'stratified':
        return stratifiedFolds(features.y, classes?.length ?? 1, folds, seed).map((test) => ({ test }));
      case 'plain':
        return plainFolds(rows, folds, seed).map((test) => ({ test }));
      case 'group': {
        const groups = features.groups ?? lost();
        refuseTooFewGroups(groups, definition.select);
        return groupedFolds(groups, folds, seed).map((test) => ({ test }));
      }
      case 'time':
        return timeFolds(features.times ?? lost(), folds, cv?.kind === 'time' ? cv.gapMs : 0);
    }
  };
  const dealt = asRefusal(cut, 'select.folds');
  if (kind !== 'stratified') refuseUnlearntClass(dealt, features, definition.select);
  return dealt;
}

function lost(): never {
  throw new PerennialError('INTERNAL', 'The features lack the column that the folds are dealt by.');
}

function refuseTooFewGroups(groups: Int32Array, { folds, cv }: Definition['select']): void {
  const found = groups.reduce((most, group) => Math.max(most, group + 1), 0);
  if (cv?.kind !== 'group' || found >= folds) return;
  const expected = `a column with at least ${folds} values, or fewer folds`;
  throw new PerennialError(
    'DATASET_UNUSABLE',
    `select.cv.column names "${cv.column}", of which the training rows have ${found} value(s); expected ${expected}.`,
    { field: 'select.cv.column', value: cv.column, expected },
  );
}

/** Only stratified folds promise that every class can be learned in each; a learner need not take less. */
function refuseUnlearntClass(
  folds: Fold[],
  { facts, y }: Pick<Features, 'facts' | 'y'>,
  { cv }: Definition['select'],
): void {
  const { classes, rows } = facts;
  if (!classes) return;
  const every = Int32Array.from({ length: rows }, (_, row) => row);
  folds.forEach(({ test, train = withoutFold(every, test) }, k) => {
    const learnt = new Set<number>();
    for (const row of train) learnt.add(y[row]);
    const missing = classes.find((_, index) => !learnt.has(index));
    if (missing === undefined) return;
    throw new PerennialError(
      'DATASET_UNUSABLE',
      `Fold ${k} learns from ${train.length} rows, none of which is of the class ${JSON.stringify(missing)}.`,
      {
        field: 'select.cv',
        value: cv,
        expected: 'fewer folds, more rows of that class, or `stratified`',
      },
    );
  });
}
