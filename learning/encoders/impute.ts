import { rankValues } from './categories.ts';
import type { FeatureOf, TrainingColumn } from './encoder.ts';
import { statistic } from './statistics.ts';

/** What `impute` puts in place of a missing value of that column: a number, or text for string columns. */
export function imputedValue(
  feature: FeatureOf<'impute'> & { strategy: Exclude<FeatureOf<'impute'>['strategy'], 'none'> },
  profile: TrainingColumn['profile'],
): number | string {
  switch (feature.strategy) {
    case 'mean':
      return statistic(profile, 'mean');
    case 'median':
      return statistic(profile, 'median');
    case 'mostFrequent':
      return mostFrequent(profile);
    case 'constant':
      return profile.type === 'string' ? String(feature.value) : Number(feature.value);
  }
}

/** Of equally frequent values the smallest, as scikit-learn's SimpleImputer. */
function mostFrequent(profile: TrainingColumn['profile']): number | string {
  const [first] = rankValues({ profile });
  if (first === undefined)
    throw new RangeError(`column "${profile.name}": its most frequent value in training is not known`);
  return first[0];
}
