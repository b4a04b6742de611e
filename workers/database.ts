import type { Environment } from '../config/environment.ts';
import { PerennialError } from '../config/errors.ts';

/** The address of our Postgres. @throws PerennialError INVALID_INPUT where DATABASE_URL is not set. */
export function databaseUrlOf(environment: Environment): string {
  if (environment.databaseUrl) return environment.databaseUrl;
  throw new PerennialError(
    'INVALID_INPUT',
    'DATABASE_URL is not set; a worker needs the address of a Postgres.',
    {
      field: 'DATABASE_URL',
      expected: 'postgres://user:password@host:port/database, or start the whole stack with `perennial up`',
    },
  );
}
