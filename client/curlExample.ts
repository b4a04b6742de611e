import type { Store } from '../store/types.ts';

/** A request that the gateway answers: the first row on which the champion's model was proven. */
export async function curlExample(store: Store, url: string, name?: string): Promise<string> {
  const route = name === undefined ? (await store.routes.list())[0] : await store.routes.get(name);
  const model = route && (await store.registry.get(route.name, route.championVersion));
  if (!model) return `curl ${url}/v2`;
  const golden = JSON.parse(new TextDecoder().decode(await store.artifacts.get(model.goldenDigest))) as {
    inputs: Record<string, (number | string | null)[]>;
  };
  const row = Object.fromEntries(
    model.signature.inputs.map(({ name: column }) => [column, golden.inputs[column]?.[0] ?? null]),
  );
  // Within single quotes a shell takes everything but a single quote as it stands.
  const body = JSON.stringify({ row }).replaceAll("'", `'\\''`);
  return `curl ${url}/models/${model.name}/predict -H 'content-type: application/json' -d '${body}'`;
}
