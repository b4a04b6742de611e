import { diffDefinitions } from '../config/changes.ts';
import type { Definition } from '../config/definition.ts';
import type { DefinitionChange } from '../decisions/lifecycle/change.ts';
import type { Store } from './types.ts';

export interface DeploymentPlan {
  changes: DefinitionChange[];
  /** `train` where a stage of training has to be done again, or nothing serves yet. */
  action: 'train' | 'nothing';
  /** The number before this deployment; 0 for the first. */
  before: number;
  champion?: number;
}

/**
 * What a deployment of this definition changes, as its lifecycle decides it and `deploy --dry-run` tells it. The first one
 * of a model that was trained by hand redoes only what its champion was not made by.
 *
 * @param number of the deployment, where it may be recorded already: what it replaces is the one before it
 */
export async function planDeployment(
  store: Pick<Store, 'lifecycles' | 'registry' | 'definitions'>,
  definition: Definition,
  number = Infinity,
): Promise<DeploymentPlan> {
  const { name } = definition;
  const [deployments, champion] = await Promise.all([
    store.lifecycles.deployments(name),
    store.registry.get(name),
  ]);
  const last = deployments.find((row) => row.number < number);
  const hash = last?.definitionHash ?? champion?.definitionHash;
  const replaced = hash === undefined ? undefined : await store.definitions.get(hash);
  const changes = diffDefinitions(replaced, definition);
  return {
    changes,
    action: changes.some(retrains) || !champion ? 'train' : 'nothing',
    before: last?.number ?? 0,
    champion: champion?.version,
  };
}

function retrains({ redo }: DefinitionChange): boolean {
  return redo !== 'watch' && redo !== 'nothing';
}
