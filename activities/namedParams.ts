import type { Definition } from '../config/definition.ts';
import { PerennialError } from '../config/errors.ts';
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
  search.forEach(({ grid }, i) => {
    // That they have the shape which their learner wants was seen when the definition was read.
    for (const value of grid.classWeight ?? [])
      refuse(
        i,
        'classWeight',
        value,
        refuseClassWeight(value as Parameters<typeof refuseClassWeight>[0], classes),
      );
    for (const value of grid.monotone ?? []) {
      const monotone = value as Parameters<typeof refuseMonotone>[0];
      refuse(i, 'monotone', value, refuseMonotone(monotone, classes?.length ?? 1, features));
    }
  });
}

function refuse(entry: number, name: string, value: unknown, expected: string | undefined): void {
  if (expected === undefined) return;
  const field = `search[${entry}].grid.${name}`;
  throw new PerennialError(
    'INVALID_DEFINITION',
    `${field} is ${JSON.stringify(value)}; expected ${expected}.`,
    { field, value, expected },
  );
}
