import { PerennialError } from '../config/errors.ts';
import { FeatureError } from '../learning/encoders/check.ts';

/**
 * Runs `body`; what learning says of the definition or the data becomes the project's own error.
 *
 * @param field what a person would change, where learning itself names none
 */
export function asRefusal<T>(body: () => T, field = 'features'): T {
  try {
    return body();
  } catch (error) {
    if (error instanceof FeatureError) {
      const { message, field, value, expected } = error;
      throw new PerennialError('INVALID_DEFINITION', message, { field, value, expected, cause: error });
    }
    if (error instanceof RangeError) {
      throw new PerennialError('DATASET_UNUSABLE', error.message, { field, cause: error });
    }
    throw error;
  }
}
