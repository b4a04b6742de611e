import { fork } from 'node:child_process';
import { once } from 'node:events';
import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { canarySchema } from '../../decisions/canary/policy.ts';
import type { Bed } from './gateways.ts';

const WEIGHT = 0.1;

/** A rollout under way with an accuracy guard: `weight` of the keys to version 2, all inputs logged. */
export async function openRollout({ store }: Bed, name: string): Promise<number> {
  const number = await store.rollouts.nextNumber(name);
  const id = `rollout/${name}/${number}`;
  const policy = canarySchema.parse({ guards: { accuracy: {} } });
  const executionId = randomUUID();
  await store.rollouts.open({
    name,
    number,
    id,
    executionId,
    challengerVersion: 2,
    policy,
    startedBy: 'bench',
  });
  const route = await store.routes.get(name);
  if (!route) throw new Error(`${name} has no route`);
  await store.routes.change({
    ...{
      name,
      championVersion: 1,
      challengerVersion: 2,
      weight: WEIGHT,
      rolloutId: id,
      stage: 0,
      logInputs: true,
    },
    ...{
      expectedRevision: route.revision,
      holder: id,
      actor: 'bench',
      reason: 'bench',
      idempotencyKey: `${id}/0`,
    },
  });
  return number;
}

/** As the route of a lifecycle with a watch: the inputs of all predictions are logged. */
export async function watchRoute({ store }: Bed, name: string): Promise<void> {
  const route = await store.routes.get(name);
  if (!route) throw new Error(`${name} has no route`);
  await store.routes.change({
    ...{ name, championVersion: route.championVersion, weight: 0, logInputs: true },
    ...{ expectedRevision: route.revision, actor: 'bench', reason: 'bench', idempotencyKey: `watch/${name}` },
  });
}

/**
 * What stands beside a rollout while requests come in: a process that labels some of the newest predictions, counts, and
 * scores both versions on what is labelled. Between two measurements its time stands still, so that short ones see no
 * more looks than one long one.
 *
 * @param dueMs until the first look
 * @returns ends it, and tells the time until the next look
 */
export async function startLooks(
  bed: Bed,
  name: string,
  number: number,
  dueMs: number,
): Promise<() => Promise<number>> {
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
  const child = fork(
    fileURLToPath(new URL('./looks.ts', import.meta.url)),
    [bed.databaseUrl, bed.namespace, name, String(number), String(dueMs)],
    { execArgv: ['--import', tsx] },
  );
  let restMs = dueMs;
  child.on('message', (ms: number) => (restMs = ms));
  await once(child, 'message');
  return async () => {
    const exited = once(child, 'exit');
    child.send('end');
    const [code] = (await exited) as [number | null];
    if (code !== 0) throw new Error(`the looks at ${name} ended with ${code}`);
    return restMs;
  };
}
