import { replayPast } from '../../client/replayPast.ts';
import { csv, days, defineLifecycle, tree } from '../../config/define.ts';
import { ids } from '../../workflows/messages.ts';
import type { Installation } from '../crash/installation.ts';
import { csvOf, DAY_MS, span } from '../workflows/pastParcels.ts';
import { eventually } from '../workflows/rollouts.ts';

/** A lifecycle as an upgrade meets it: new data had it retrain, and the better version is being rolled out. */
export async function recordRunning(
  { client, store, temporal }: Installation,
  write: (file: string, text: string) => string,
  save: (as: string, workflowId: string) => Promise<void>,
): Promise<void> {
  const name = 'running';
  const publish = (toDay: number) => write(`${name}.csv`, csvOf(span(0, toDay)));
  const definition = defineLifecycle({
    name,
    sources: { parcels: csv(publish(8)) },
    ...{ target: 'late', key: 'id', time: 'seen' },
    features: [{ kind: 'passthrough', columns: ['size', 'weight'] }],
    search: [tree({ maxDepth: 3 })],
    select: { metric: 'accuracy', folds: 2, tolerance: 1 },
    canary: { start: 'automatic' },
    watch: { everyMs: days(1), data: { patience: 2 } },
    retrain: { cooldownMs: 0, onNewData: { everyMs: days(1) } },
  });
  const order = { actor: 'ann', reason: 'watch it' };
  await client.lifecycles.deploy(definition, order);
  const lifecycle = client.lifecycles.attach(name);
  await eventually(async () => {
    if (!(await lifecycle.progress()).watching) throw new Error('Nothing is watched yet.');
  });
  publish(9);
  const rows = span(8, 10, { shift: 20 });
  const past = { store, temporal, name, rows, chunkMs: DAY_MS, labelDelayMs: 0 };
  await replayPast({ ...past, watched: true, rest: false });
  let rollout = '';
  await eventually(async () => {
    rollout = (await lifecycle.progress()).rollout?.workflowId ?? '';
    if (rollout === '') throw new Error('Nothing is rolled out yet.');
    const { phase } = await client.rollouts.attach(name, 1).then((handle) => handle.progress());
    if (phase !== 'serving') throw new Error(`The rollout is ${phase}.`);
  });
  await lifecycle.pause(order);
  await save('running.lifecycle', ids.lifecycle(name));
  await save('running.watch', ids.watch(name));
  await save('running.rollout', rollout);
}
