import type { ModelVersionRow, Store } from '../store/types.ts';
import { jsonValue } from './explanation.ts';
import type { GoldenRows } from './golden.ts';
import type { Inference } from './types.ts';

/** A request's body with a row on which the version was tested; undefined where it was tested on none. */
export async function exampleBody(
  model: Pick<ModelVersionRow, 'goldenDigest' | 'signature'>,
  golden: GoldenRows,
): Promise<{ rows: [Record<string, unknown>] } | undefined> {
  const { rows, columns } = await golden(model);
  if (rows === 0) return undefined;
  const row = model.signature.inputs.map((input) => [input.name, jsonValue(input, columns[input.name][0])]);
  return { rows: [Object.fromEntries(row) as Record<string, unknown>] };
}

/** More would only make the page long. */
const MAX_EXAMPLES = 20;

/** By model. One that cannot be read is left out: the document is about the others too. */
export async function exampleBodies(
  inference: Inference,
  routes: Pick<Store['routes'], 'list'>,
  golden: GoldenRows,
): Promise<Record<string, object>> {
  const names = (await routes.list()).slice(0, MAX_EXAMPLES).map(({ name }) => name);
  const bodies = await Promise.allSettled(
    names.map(async (name) => [name, await exampleBody(await inference.describe(name), golden)] as const),
  );
  const read = bodies.flatMap((body) => (body.status === 'fulfilled' && body.value[1] ? [body.value] : []));
  return Object.fromEntries(read) as Record<string, object>;
}
