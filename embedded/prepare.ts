import { readEnvironment } from '../config/environment.ts';
import { PerennialError } from '../config/errors.ts';
import { openStore } from '../store/open.ts';
import { prepareNamespace } from './namespace.ts';

/** Makes servers that somebody else runs ready for the workers: what a supervisor does for its own. */
const environment = readEnvironment();
if (!environment.databaseUrl || !environment.temporalAddress) {
  throw new PerennialError(
    'INVALID_INPUT',
    'Set TEMPORAL_ADDRESS and DATABASE_URL: the servers to make ready.',
    {
      field: environment.databaseUrl ? 'TEMPORAL_ADDRESS' : 'DATABASE_URL',
      expected: 'the address of a running server',
    },
  );
}
const migrate = async (url: string) => (await openStore(url, environment.namespace)).close();
await Promise.all([prepareNamespace(environment), migrate(environment.databaseUrl)]);
