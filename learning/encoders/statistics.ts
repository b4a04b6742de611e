import type { ColumnProfile } from '../../decisions/profile.ts';
import type { TrainingColumn } from './encoder.ts';
import type { Fill } from './fitted.ts';

/** What is read in place of a missing number: what `impute` says, which may be nothing, else the median of training. */
export function fillOf({ profile, imputed, keepsGaps }: TrainingColumn): Fill {
  if (keepsGaps) return null;
  return typeof imputed === 'number' ? imputed : statistic(profile, 'median');
}

/**
 * A statistic over the finite values of training.
 *
 * @throws RangeError where it is not there or overflows 64 bits
 */
export function statistic(profile: ColumnProfile, name: 'mean' | 'std' | 'min' | 'max' | 'median'): number {
  const value = profile[name];
  if (value === undefined || !Number.isFinite(value)) {
    throw new RangeError(
      `column "${profile.name}": the ${name} of its training values is ${value ?? 'not known'}, not a finite number`,
    );
  }
  return value;
}

/** True where every training value that is there is the same. */
export function isConstant(profile: ColumnProfile): boolean {
  // A sum of equal values can leave a standard deviation of 1e-17, which division would blow up.
  return profile.min === profile.max || profile.std === 0;
}

/** The q-quantile (0..1) of training, by linear interpolation between percentiles. */
export function quantile(profile: ColumnProfile, q: number): number {
  const percentiles = percentilesOf(profile);
  const position = Math.min(Math.max(q, 0), 1) * (percentiles.length - 1);
  const low = Math.floor(position);
  const below = percentiles[low];
  const above = percentiles[Math.min(low + 1, percentiles.length - 1)];
  return position === low ? below : below + (above - below) * (position - low);
}

/** @throws RangeError where the profile has none */
export function percentilesOf(profile: ColumnProfile): number[] {
  const { percentiles, name } = profile;
  if (percentiles === undefined || percentiles.length < 2 || !percentiles.every(Number.isFinite)) {
    throw new RangeError(`column "${name}": the percentiles of its training values are not known`);
  }
  return percentiles;
}
