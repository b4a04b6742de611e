import { readEnvironment } from '../../config/environment.ts';
import { startStack } from '../../embedded/supervisor.ts';

/** A supervisor to be killed: `bareStack.ts <home>` runs the two servers and tells its parent. */
const home = process.argv[2];
const environment = { ...readEnvironment(), home, temporalAddress: undefined, databaseUrl: undefined };
const stack = await startStack({ environment, workers: { orchestrator: 0, trainer: 0, gateway: 0 } });
process.once('SIGTERM', () => void stack.stop().then(() => process.exit(0)));
process.send?.(stack.info);
