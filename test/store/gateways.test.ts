import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { GatewayRow } from '../../store/routeTypes.ts';
import type { Store } from '../../store/types.ts';
import { openBench, type Bench } from './fixtures.ts';
import { openedRollout } from './rolloutBench.ts';

/** Who serves is who renewed within the last 5 s, by the database's clock and nobody else's. */
let bench: Bench;
let store: Store;

beforeAll(async () => {
  bench = await openBench();
  ({ store } = bench);
});
afterAll(() => bench.close());

const gateway = (id: string, fields: Partial<GatewayRow> = {}): Omit<GatewayRow, 'alive'> => ({
  ...{ id, url: `http://${id}:8080`, pid: 7, startedAt: '2026-01-01T00:00:00.000Z' },
  ...{ revisions: { delays: 3 }, loaded: ['delays@1', 'delays@2'], dropped: 0 },
  failed: [{ model: 'delays@3', reason: 'no such file\0' }],
  ...fields,
});
const ids = async () => (await store.gateways.list()).map(({ id }) => id);
/** As if its last renewal had been so long ago. */
const age = (id: string, interval: string) =>
  bench.admin.query(`UPDATE gateways SET renewed_at = renewed_at - $2::interval WHERE id = $1`, [
    id,
    interval,
  ]);

describe('a gateway', () => {
  test('is listed as it said of itself last, whatever the time is on its machine', async () => {
    await store.gateways.renew(gateway('first'));
    const now = gateway('first', { revisions: {}, loaded: [], failed: [], dropped: 9 });
    await store.gateways.renew(now);
    expect(await store.gateways.list()).toEqual([{ ...now, alive: true }]);
    await store.gateways.renew(gateway('first', { startedAt: '2126-01-01T00:00:00.000Z' }));
    expect(await store.gateways.list()).toMatchObject([
      { startedAt: '2126-01-01T00:00:00.000Z', failed: [{ reason: 'no such file\uFFFD' }] },
    ]);
    await store.gateways.remove('first');
  });

  test('is not alive once its lease has run out, and is again when it renews', async () => {
    await store.gateways.renew(gateway('asleep'));
    await age('asleep', '6 seconds');
    expect(await store.gateways.list()).toMatchObject([{ id: 'asleep', alive: false }]);
    await store.gateways.renew(gateway('asleep'));
    expect(await store.gateways.list()).toMatchObject([{ id: 'asleep', alive: true }]);
    await store.gateways.remove('asleep');
  });

  test('that left is listed no more; the newest comes first', async () => {
    await store.gateways.renew(gateway('old'));
    await store.gateways.renew(gateway('new', { startedAt: '2026-02-01T00:00:00.000Z' }));
    expect(await ids()).toEqual(['new', 'old']);
    await store.gateways.remove('old');
    await store.gateways.remove('old');
    await store.gateways.remove('nobody');
    expect(await ids()).toEqual(['new']);
    await store.gateways.renew(gateway('old'));
    expect(await ids()).toEqual(['new', 'old']);
    await Promise.all(['old', 'new'].map((id) => store.gateways.remove(id)));
  });

  test('that is gone for a day is forgotten by the next renewal, but not what it dropped in a rollout under way', async () => {
    const rows = async () =>
      (
        await bench.admin.query<{ id: string }>(`SELECT id FROM gateways WHERE id LIKE 'gone-%' ORDER BY id`)
      ).rows.map(({ id }) => id);
    await store.gateways.renew(gateway('gone-early'));
    await age('gone-early', '3 days');
    const { name, number } = await openedRollout(store, 'long');
    await bench.admin.query(`UPDATE rollouts SET started_at = started_at - interval '2 days'`);
    await store.gateways.renew(gateway('gone-late', { dropped: 4 }));
    await age('gone-late', '25 hours');
    await store.gateways.renew(gateway('renewing'));
    expect(await ids()).toEqual(['renewing']);
    expect(await rows()).toEqual(['gone-late']);
    expect((await store.rollouts.counts(name, number, [])).dropped).toBe(4);
    await store.rollouts.close(name, number, { status: 'aborted', reason: '' });
    await store.gateways.renew(gateway('renewing'));
    expect(await rows()).toEqual([]);
  });

  test('may be one of eight that renew at the same time, all of which a day ago were gone', async () => {
    const all = Array.from({ length: 8 }, (_, i) => `gone-${i}`);
    const stores = await Promise.all(all.map(() => bench.another({ maxConnections: 1 })));
    await Promise.all(all.map((id) => store.gateways.renew(gateway(id))));
    for (let round = 0; round < 20; round++) {
      for (const id of all) await age(id, '2 days');
      await Promise.all(all.map((id, i) => stores[i].gateways.renew(gateway(id))));
      expect((await ids()).filter((id) => id.startsWith('gone-'))).toEqual(all);
    }
  });
});
