import { PerennialError } from '../config/errors.ts';
import type { ModelVersionRow, Store } from '../store/types.ts';
import type { Models } from './models.ts';
import type { Routing } from './routing.ts';
import type { Inference } from './types.ts';

export type Catalogue = Pick<Inference, 'describe' | 'answering' | 'isReady' | 'versions'>;

/** What can be asked for. What is loaded is told from memory; of the rest the registry is asked. */
export function openCatalogue(
  registry: Pick<Store['registry'], 'get' | 'list'>,
  models: Pick<Models, 'get'>,
  routing: Pick<Routing, 'active' | 'wanted'>,
): Catalogue {
  async function describe(name: string, version?: number): Promise<ModelVersionRow> {
    const loaded = version === undefined ? routing.active(name)?.champion : models.get(name, version);
    if (loaded) return loaded.row;
    // A name that nobody knows costs no statement.
    if (version === undefined && !routing.wanted(name)) throw noModel(name);
    const row = await answered(registry.get(name, version));
    if (row) return row;
    throw version === undefined ? noModel(name) : noVersion(name, version);
  }

  return {
    describe,
    async answering(name, version) {
      const first = await describe(name, version);
      const challenger = version === undefined ? routing.active(name)?.challenger : undefined;
      return challenger ? [first, challenger.row] : [first];
    },
    isReady: (name, version) =>
      (version === undefined ? routing.active(name) : models.get(name, version)) !== undefined,
    async versions(name) {
      const rows = await answered(registry.list(name));
      if (rows.length === 0) throw noModel(name);
      return rows.map(({ version }) => version).sort((a, b) => a - b);
    },
  };
}

export function noModel(name: string): PerennialError {
  return new PerennialError('NOT_FOUND', `There is no model ${name} to ask.`, {
    field: 'name',
    value: name,
    expected: 'a model with a registered version',
  });
}

export function noVersion(name: string, version: number): PerennialError {
  return new PerennialError('NOT_FOUND', `There is no version ${version} of the model ${name}.`, {
    field: 'version',
    value: version,
    expected: `a version of ${name}`,
  });
}

/** The database may be away for a while: a defect of nobody's. */
async function answered<T>(question: Promise<T>): Promise<T> {
  try {
    return await question;
  } catch (cause) {
    if (cause instanceof PerennialError) throw cause;
    throw new PerennialError('STACK_UNAVAILABLE', 'The database does not answer.', { cause });
  }
}
