import { PerennialError } from '../../config/errors.ts';

/** A model file that cannot be imported, and what can be done about it where it was exported. */
export function refuseFile(found: string, expected: string, cause?: unknown): PerennialError {
  return new PerennialError('INVALID_INPUT', `The model ${found}; expected ${expected}.`, {
    field: 'model',
    value: found,
    expected,
    cause,
  });
}
