import type { LifecycleRow } from '../store/lifecycleTypes.ts';
import type { Store } from '../store/types.ts';
import { newLifecycle, type LifecycleState } from '../workflows/lifecycleMessages.ts';

/**
 * What was kept of a lifecycle, with what the rows know better. It may have ended, or a backup been taken, after a deployment
 * was recorded and before the state was kept: carried on without it, the next deployment would take its number and be lost.
 */
export async function carriedState(
  store: Store,
  { name, revision, state }: LifecycleRow,
): Promise<LifecycleState> {
  const [deployments, champion] = await Promise.all([
    store.lifecycles.deployments(name, 1),
    store.registry.get(name),
  ]);
  const [{ number, definitionHash, baseDirectory, actor: by, at }] = deployments;
  return {
    ...newLifecycle(),
    revision,
    champion: champion?.version,
    ...(state as Partial<LifecycleState>),
    deployment: { number, definitionHash, baseDirectory, by, at },
  };
}
