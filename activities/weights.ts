import type { Definition } from '../config/definition.ts';
import { PerennialError } from '../config/errors.ts';
import type { RawBatch } from '../config/raw.ts';
import type { ColumnProfile } from '../decisions/profile.ts';
import type { Features } from './features.ts';

/**
 * @param profiles of the training rows' columns
 * @throws PerennialError DATASET_UNUSABLE where a row has no weight, or one that is not a finite number above 0
 */
export function refuseUnfitWeights(weight: Definition['weight'], profiles: readonly ColumnProfile[]): void {
  if (weight === undefined) return;
  const profile = profiles.find(({ name }) => name === weight);
  if (!profile) throw new PerennialError('INTERNAL', `The profile lacks the weight ${weight}.`);
  const { missing, infinite, min } = profile;
  const found =
    missing > 0
      ? `no value in ${missing} of the training rows`
      : infinite > 0
        ? `an infinite value in ${infinite} of the training rows`
        : min === undefined || min <= 0
          ? `the value ${min} in a training row`
          : undefined;
  if (found === undefined) return;
  const expected =
    'a finite number above 0 in every row (filter the others out in the dataset, or give them one)';
  throw new PerennialError(
    'DATASET_UNUSABLE',
    `weight names "${weight}", which has ${found}; expected ${expected}.`,
    { field: 'weight', value: weight, expected },
  );
}

/** The weights as features keep them, of the columns that were read beside. */
export function keepWeights(
  weight: Definition['weight'],
  beside: RawBatch['columns'],
): Pick<Features, 'weights'> {
  return weight === undefined ? {} : { weights: Float64Array.from(beside[weight], Number) };
}
