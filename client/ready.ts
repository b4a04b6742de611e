import { readEnvironment, type Environment } from '../config/environment.ts';
import { ensureStack } from '../embedded/stack.ts';
import { readStack } from '../embedded/stackFile.ts';
import type { StackEvent } from '../embedded/supervisor.ts';
import { connect, type PerennialClient } from './client.ts';
import { fromFailure } from './failure.ts';

/**
 * A client of an installation in which somebody works: the one that the environment names, or the stack of this home,
 * started in the background where none is up.
 *
 * @returns also whether a stack was started for it.
 * @throws PerennialError STACK_UNAVAILABLE
 */
export async function connectReady(
  onEvent: (event: StackEvent) => void,
  environment: Environment = readEnvironment(),
): Promise<{ client: PerennialClient; started: boolean }> {
  const wasUp = readStack(environment.home) !== undefined;
  const ownServers = environment.temporalAddress !== undefined && environment.databaseUrl !== undefined;
  if (ownServers && !wasUp && (await hasWorkers(environment)))
    return { client: await connect({ environment }), started: false };
  await ensureStack(environment, onEvent);
  return { client: await connect({ environment }), started: !wasUp };
}

/** With servers of one's own the workers may run elsewhere. A namespace that is not there yet has none. */
async function hasWorkers(environment: Environment): Promise<boolean> {
  const client = await connect({ environment });
  try {
    const { workers } = await client.status();
    return workers.orchestrators > 0 && workers.trainers > 0;
  } catch (error) {
    if (fromFailure(error).field === 'PERENNIAL_NAMESPACE') return false;
    throw error;
  } finally {
    await client.close();
  }
}
