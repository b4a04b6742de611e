import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { csv, days, defineLifecycle, schema, secret, tree, type LifecycleInput } from '../../config/define.ts';
import { atRest, replayPast, type PastRow } from '../../client/replayPast.ts';
import { triggerSignal, type LifecycleProgress } from '../../workflows/lifecycleMessages.ts';
import { ids } from '../../workflows/messages.ts';
import type { Installation } from '../crash/installation.ts';
import { small } from '../workflows/definitions.ts';
import { csvOf, DAY_MS, span, START } from '../workflows/pastParcels.ts';
import { eventually } from '../workflows/rollouts.ts';

/** The key of the notices, by its name in the environment of whoever starts the installation. */
export const NOTICE_KEY = { name: 'NOTICE_KEY', value: 'a key of these histories' };

/** Lives in which everything happens that a lifecycle, its watch, its notices and its schedule may meet. */
export async function recordLifecycles(
  installation: Installation,
  write: (file: string, text: string) => string,
  save: (as: string, workflowId: string) => Promise<void>,
): Promise<void> {
  const { client, store, temporal } = installation;
  const by = (reason: string) => ({ actor: 'ann', reason });
  const rest = (name: string) => atRest(temporal, name);
  const lifecycle = (name: string) => client.lifecycles.attach(name);

  await withReceiver(driven);
  await asked();
  await scheduled();

  /** A drift is told of, a model that fell is retrained, falls below its floor, is taken back and comes again. */
  async function driven(url: string): Promise<void> {
    const name = 'driven';
    const key = secret(NOTICE_KEY.name);
    const definition = defineLifecycle({
      name,
      sources: { parcels: csv(write(`${name}.csv`, csvOf(span(0, 8)))) },
      ...{ target: 'late', key: 'id', time: 'seen' },
      features: [{ kind: 'passthrough', columns: ['size', 'weight'] }],
      search: [tree({ maxDepth: 3 })],
      select: { metric: 'accuracy', folds: 2 },
      watch: { everyMs: days(1), quality: { minLabels: 100, atLeast: 0.7 }, probationMs: days(30) },
      retrain: { data: 'predictions', window: { kind: 'sliding', ms: days(2) }, cooldownMs: days(2) },
      notify: {
        webhooks: [
          { url: `${url}/told`, key },
          { url: `${url}/refused`, key },
        ],
      },
    });
    await client.lifecycles.deploy(definition, by('watch it'));
    await rest(name);
    const past = (rows: readonly PastRow[]) =>
      replayPast({ store, temporal, name, rows, chunkMs: DAY_MS, labelDelayMs: 0, watched: true });
    await past(span(8, 10));
    await past(span(10, 11, { missing: true }));
    await past(span(11, 17, { late: 'small', shift: 3 }));
    const at = new Date(START + 17 * DAY_MS).toISOString();
    await lifecycle(name).retrain({ ...by('it changed'), at });
    await rest(name);
    await past(span(17, 20));
    await lifecycle(name).retrain({ ...by('once more'), at });
    await rest(name);
    await lifecycle(name).remove(by('recorded'));
    await save('driven.lifecycle', ids.lifecycle(name));
    await save('driven.watch', ids.watch(name));
    // Since falls are weighed over windows; driven.watch of 0.1.0 is from before.
    await save('weighed.watch', ids.watch(name));
    const told = ids.notice(name, '1');
    await temporal.workflow.getHandle(told).result();
    await save('told.notice', told);
  }

  /** Every question, its answers, and what waits for them; removed, and deployed again. */
  async function asked(): Promise<void> {
    const name = 'asked';
    const bob = (reason: string) => ({ actor: 'bob', reason });
    const deploy = (more: Partial<LifecycleInput> = {}) =>
      client.lifecycles.deploy(
        small(
          { write },
          {
            name,
            checks: [schema({ severity: 'warn' })],
            retrain: { cooldownMs: 0, perDay: 100 },
            approvals: { before: ['retrain', 'rollout'] },
            canary: { start: 'automatic' },
            ...more,
          },
        ),
        by('a change'),
      );
    const event = async (id: string): Promise<LifecycleProgress> => {
      const at = new Date().toISOString();
      const trigger = { id: `event/${id}`, kind: 'event' as const, reason: `loaded ${id}`, by: 'shop', at };
      await temporal.workflow.getHandle(ids.lifecycle(name)).signal(triggerSignal, trigger);
      return rest(name);
    };
    const answer = async (how: 'approve' | 'reject'): Promise<LifecycleProgress> => {
      const { approval } = await rest(name);
      await lifecycle(name)[how]({ ...bob('so be it'), id: approval?.id ?? '' });
      return rest(name);
    };
    await deploy();
    await rest(name);
    await lifecycle(name).pause(by('holidays'));
    await event('a');
    await lifecycle(name).resume(by('back'));
    for (const id of ['b', 'c']) await event(id);
    await answer('reject');
    await lifecycle(name).retrain(by('at once'));
    await answer('approve');
    await rest(name);
    // Another model, asked about and rolled out; one that cannot be compared, unwanted and wanted.
    await deploy({ seed: 2, select: { folds: 2, tolerance: 1 } });
    await rollOut();
    for (const how of ['reject', 'approve'] as const) {
      await deploy({ dataset: 'SELECT id, size, late FROM parcels', seed: how === 'reject' ? 3 : 4 });
      await rest(name);
      if (how === 'reject') await answer(how);
    }
    await rollOut();
    await lifecycle(name).remove(by('for a while'));
    await save('asked.lifecycle', ids.lifecycle(name));
    await deploy();
    await rest(name);
    await save('resumed.lifecycle', ids.lifecycle(name));

    async function rollOut(): Promise<void> {
      const { approval } = await rest(name);
      await lifecycle(name).approve({ ...bob('so be it'), id: approval?.id ?? '' });
      const { rollout } = await lifecycle(name).progress();
      const handle = await client.rollouts.attach(name, rollout?.number ?? 0);
      await eventually(async () => void (await handle.order('abort', bob('enough'))));
      await rest(name);
    }
  }

  async function scheduled(): Promise<void> {
    const name = 'scheduled';
    const retrain = { cooldownMs: 0, perDay: 100, schedule: { everyMs: 5_000 } };
    await client.lifecycles.deploy(small({ write }, { name, retrain }), by('by the calendar'));
    let id = '';
    await eventually(async () => {
      const triggers = await store.lifecycles.triggers(name);
      const found = triggers.find(({ kind }) => kind === 'schedule');
      if (!found) throw new Error('The schedule has not started anything yet.');
      ({ id } = found);
    });
    await rest(name);
    await lifecycle(name).remove(by('recorded'));
    await save('scheduled.lifecycle', ids.lifecycle(name));
    await save('told.scheduledTrigger', id);
  }
}

/** Takes messages at `/told`, and refuses all others for good. */
async function withReceiver(body: (url: string) => Promise<void>): Promise<void> {
  const receiver = createServer((request, response) => {
    request.resume();
    response.writeHead(request.url === '/told' ? 204 : 410).end();
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  try {
    await body(`http://127.0.0.1:${(receiver.address() as AddressInfo).port}`);
  } finally {
    receiver.closeAllConnections();
    receiver.close();
  }
}
