import { readStack } from '../embedded/stackFile.ts';
import type { ClientContext } from './client.ts';

/** The gateway of the stack that is up, where its database is ours; else the one that started last of those alive. */
export async function findGateway({ environment, store }: ClientContext): Promise<string | undefined> {
  const stack = readStack(environment.home);
  const own = environment.databaseUrl === undefined || environment.databaseUrl === stack?.databaseUrl;
  if (own && stack?.gatewayUrl) return stack.gatewayUrl;
  return (await store.gateways.list()).find((gateway) => gateway.alive)?.url;
}
