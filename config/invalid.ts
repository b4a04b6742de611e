import { PerennialError } from './errors.ts';

/** What a part of a definition is refused by. @param field its path, for example `search[0].learner` */
export function invalid(field: string, value: unknown, expected: string): PerennialError {
  return new PerennialError(
    'INVALID_DEFINITION',
    `${field} is ${JSON.stringify(value)}; expected ${expected}.`,
    { field, value, expected },
  );
}
