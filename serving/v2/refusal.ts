import { PerennialError } from '../../config/errors.ts';

/** What is wrong with a request, and where: `inputs.age[3]`. */
export function refusal(
  field: string,
  message: string,
  found: { value?: unknown; expected?: string } = {},
): PerennialError {
  return new PerennialError('INVALID_INPUT', message, { field, ...found });
}

/** A request over one of the gateway's limits. */
export function tooLarge(field: string, message: string, limit: number): PerennialError {
  return new PerennialError('TOO_LARGE', message, { field, expected: `at most ${limit}` });
}
