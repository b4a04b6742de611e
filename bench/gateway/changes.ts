import type { Store } from '../../store/types.ts';
import type { Ask } from './ask.ts';

/**
 * Changes a model's champion again and again while one caller asks without a pause.
 *
 * @param ready whether the version that is next stays loaded (as a rollout's challenger and standby do), or is let go
 *   after each change and has to be loaded by the next
 * @returns of each change the milliseconds from before its statement to the first answer by the new version
 */
export async function measureChanges(
  store: Store,
  ask: Ask,
  { name, changes, ready }: { name: string; changes: number; ready: boolean },
): Promise<number[]> {
  const times: number[] = [];
  for (let change = -WARM_UP; change < changes; change++) {
    const route = await store.routes.get(name);
    if (!route) throw new Error(`${name} has no route`);
    const [from, to] = route.championVersion === 1 ? [1, 2] : [2, 1];
    await until(ask, (version) => version === from);
    const beganMs = performance.now();
    const changed = store.routes.change({
      ...{ name, championVersion: to, standbyVersion: ready ? from : undefined, weight: 0, logInputs: false },
      ...{ expectedRevision: route.revision, actor: 'bench', reason: 'bench' },
      idempotencyKey: `${name}/${route.revision}`,
    });
    await until(ask, (version) => version === to);
    if (change >= 0) times.push(performance.now() - beganMs);
    await changed;
  }
  return times;
}

const WARM_UP = 10;

/** @throws where a request is refused: a change costs none */
async function until(ask: Ask, isIt: (version: number) => boolean): Promise<void> {
  for (;;) if (isIt(await ask())) return;
}
