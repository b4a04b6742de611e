import { diffDefinitions } from '../config/changes.ts';
import type { Definition } from '../config/definition.ts';
import type { DefinitionChange } from '../decisions/lifecycle/change.ts';
import type { Store } from './types.ts';

export interface DeploymentPlan {
  changes: DefinitionChange[];
  /** `train` where a stage of training has to be done again, nothing serves yet, or what was deployed was never trained. */
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
  store: Pick<Store, 'lifecycles' | 'registry' | 'definitions' | 'runs'>,
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
  const trains = changes.some(retrains) || !champion || (await cameToNothing(store, name));
  return {
    changes,
    action: trains ? 'train' : 'nothing',
    before: last?.number ?? 0,
    champion: champion?.version,
  };
}

/**
 * The last training for a definition failed or was cancelled, and none after it came to its end: what was deployed is then
 * not what was trained, and deploying it again would otherwise show no change.
 */
async function cameToNothing(store: Pick<Store, 'lifecycles' | 'runs'>, name: string): Promise<boolean> {
  const [triggers, runs] = await Promise.all([store.lifecycles.triggers(name), store.runs.list(name)]);
  const ofDefinitions = triggers.flatMap(({ kind, run }) => (kind === 'definition' && run ? [run] : []));
  const last = Math.max(0, ...ofDefinitions);
  const since = runs.filter(({ number }) => number >= last);
  return (
    since.some(({ number, status }) => number === last && (status === 'failed' || status === 'cancelled')) &&
    since.every(({ status }) => status === 'failed' || status === 'cancelled' || status === 'running')
  );
}

function retrains({ redo }: DefinitionChange): boolean {
  return redo !== 'watch' && redo !== 'nothing';
}
