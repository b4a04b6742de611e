import { readEnvironment } from '../../config/environment.ts';
import { startStack } from '../../embedded/supervisor.ts';

/** A supervisor to be killed: `supervised.ts <home>` runs a whole stack and tells its parent. */
const environment = {
  ...readEnvironment(),
  home: process.argv[2],
  temporalAddress: undefined,
  databaseUrl: undefined,
};
const stack = await startStack({ environment });
process.once('SIGTERM', () => void stack.stop().then(() => process.exit(0)));
process.send?.(stack.info);
