import type { Definition, ParamValue, SearchEntry } from '../config/definition.ts';
import { invalid } from '../config/invalid.ts';
import { refuseMonotone } from '../learning/learners/boosting/rules.ts';
import { refuseClassWeight } from '../learning/learners/weights.ts';
import type { EncodedFeature } from '../learning/types.ts';
import type { Target } from './target.ts';

/**
 * Holds hyperparameters that name classes and features against those that the data turned out to have.
 *
 * @throws PerennialError INVALID_DEFINITION naming for example `search[0].grid.monotone`
 */
export function refuseUnknownNames(
  search: Definition['search'],
  { classes }: Target,
  features: readonly EncodedFeature[],
): void {
  if (search === 'auto') return;
  search.forEach(({ grid, trainer }, i) => {
    if (trainer) return;
    // That they have the shape which their learner wants was seen when the definition was read.
    for (const value of listed(grid.classWeight))
      refuse(
        i,
        'classWeight',
        value,
        refuseClassWeight(value as Parameters<typeof refuseClassWeight>[0], classes),
      );
    for (const value of listed(grid.monotone)) {
      const monotone = value as Parameters<typeof refuseMonotone>[0];
      refuse(i, 'monotone', value, refuseMonotone(monotone, classes?.length ?? 1, features));
    }
  });
}

/** What names something is listed, and never drawn from a range. */
function listed(values: SearchEntry['grid'][string] | undefined): readonly ParamValue[] {
  return Array.isArray(values) ? values : [];
}

function refuse(entry: number, name: string, value: unknown, expected: string | undefined): void {
  if (expected === undefined) return;
  throw invalid(`search[${entry}].grid.${name}`, value, expected);
}
