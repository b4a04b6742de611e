import { join } from 'node:path';
import type { Definition } from '../config/definition.ts';
import type { ClientContext } from './client.ts';
import { datasetRows } from './datasetRows.ts';
import type { LoadedDefinition } from './loadDefinition.ts';
import type { DeployOptions } from './lifecycles.ts';
import { atRest, replayPast, type Chunk } from './replayPast.ts';

export interface PassedSeasons {
  /** The moment from which the past is replayed, ISO 8601. */
  from: string;
  chunkMs: number;
  labelDelayMs: number;
  onDeployed?: (champion: number) => void;
  onChunk?: (chunk: Chunk) => void;
  signal?: AbortSignal;
}

/** `client.lifecycles.deploy` */
type Deploy = (definition: Definition, options: DeployOptions) => Promise<unknown>;

/**
 * Deploys a definition as of a moment of its own data, and lets the time after it pass: its rows are asked, what was true
 * is told later, the watch looks at the end of each chunk, and what it leads to happens before the next one.
 *
 * @returns the chunks; empty where it was deployed before, as its past is over
 */
export async function passSeasons(
  context: ClientContext,
  deploy: Deploy,
  { definition, baseDirectory }: LoadedDefinition,
  { from, chunkMs, labelDelayMs, onDeployed, onChunk, signal }: PassedSeasons,
): Promise<Chunk[]> {
  const { client: temporal, store, environment } = context;
  const { name } = definition;
  if (await store.lifecycles.get(name)) return [];
  const scratch = join(environment.home, 'replay', name);
  const rows = await datasetRows(definition, { baseDirectory, scratch });
  await deploy(definition, {
    actor: 'npm start',
    reason: `a model of what is known on ${from.slice(0, 10)}`,
    baseDirectory,
    at: from,
  });
  const { champion } = await atRest(temporal, name);
  if (champion === undefined) throw new Error(`${name} has no champion: look at its first run.`);
  onDeployed?.(champion);
  return replayPast({
    ...{ store, temporal, name, chunkMs, labelDelayMs, onChunk, signal, watched: true },
    rows: rows.filter(({ at }) => at >= Date.parse(from)),
  });
}
