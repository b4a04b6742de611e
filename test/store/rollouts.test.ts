import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { canarySchema } from '../../decisions/canary/policy.ts';
import type { Store } from '../../store/types.ts';
import { count, openBench, type Bench } from './fixtures.ts';
import { openedRollout, openNext, registerVersions } from './rolloutBench.ts';

/** One rollout of a model at a time; what became of it is written once. */
let bench: Bench;
let store: Store;

beforeAll(async () => {
  bench = await openBench();
  ({ store } = bench);
});
afterAll(() => bench.close());

const opening = (name: string, number: number) => ({
  name,
  number,
  id: `rollout/${name}/${number}`,
  executionId: randomUUID(),
  challengerVersion: 2,
  policy: canarySchema.parse({}),
  startedBy: 'tester',
});

describe('a rollout', () => {
  test('is opened with what was asked for and the champion of that moment, once however often', async () => {
    await registerVersions(store, 'opened', 2);
    const number = await store.rollouts.nextNumber('opened');
    const asked = opening('opened', number);
    const stores = await Promise.all(Array.from({ length: 4 }, () => bench.another({ maxConnections: 1 })));
    const rows = await Promise.all(stores.map((s) => s.rollouts.open(asked)));
    for (const row of rows) expect(row).toEqual(rows[0]);
    expect(rows[0]).toEqual({
      ...asked,
      championVersion: 1,
      status: 'running',
      startedAt: expect.stringMatching(/Z$/) as string,
    });
    expect(await store.rollouts.get('opened', 1)).toEqual(rows[0]);
    expect(await store.rollouts.running('opened')).toEqual(rows[0]);
    expect(await store.audit.list('rollout/opened/1')).toMatchObject([
      { actor: 'tester', action: 'rollout.open', details: { champion: 1, challenger: 2 } },
    ]);
  });

  test('is numbered without two of the same; a number that never opens is a gap', async () => {
    await registerVersions(store, 'numbered', 2);
    const numbers = await Promise.all(Array.from({ length: 8 }, () => store.rollouts.nextNumber('numbered')));
    expect(numbers.sort()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    await store.rollouts.open(opening('numbered', 11));
    expect(await store.rollouts.nextNumber('numbered')).toBe(12);
    await expect(store.rollouts.nextNumber('nobody')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('waits for no other: a second one of the same model is refused, also by the table', async () => {
    await openedRollout(store, 'single');
    await expect(openNext(store, 'single')).rejects.toMatchObject({
      code: 'ROLLOUT_IN_PROGRESS',
      value: 'rollout/single/1',
    });
    await expect(
      bench.admin.query(
        `INSERT INTO rollouts (name, number, id, execution_id, champion_version, challenger_version, policy, started_by, dropped_before)
         VALUES ('single', 9, 'rollout/single/9', 'x', 1, 2, '{}', 'x', '{}')`,
      ),
    ).rejects.toMatchObject({ constraint: 'rollouts_one_running' });
    await store.rollouts.close('single', 1, { status: 'aborted', reason: 'by hand' });
    expect(await openNext(store, 'single')).toMatchObject({ number: 3 });
    expect((await store.rollouts.list('single')).map(({ number }) => number)).toEqual([3, 1]);
  });

  test('of a version that is not there, of the champion, or under a number that is taken is refused', async () => {
    await registerVersions(store, 'refused', 2);
    const asked = opening('refused', 1);
    const refusals: [Parameters<typeof store.rollouts.open>[0], string][] = [
      [{ ...asked, challengerVersion: 3 }, 'NOT_FOUND'],
      [opening('unknown', 1), 'NOT_FOUND'],
      [{ ...asked, challengerVersion: 1 }, 'INVALID_INPUT'],
    ];
    for (const [wrong, code] of refusals)
      await expect(store.rollouts.open(wrong)).rejects.toMatchObject({ code });
    await store.rollouts.open(asked);
    await expect(store.rollouts.open(opening('refused', 1))).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    await expect(
      store.rollouts.open({ ...opening('refused', 2), executionId: asked.executionId }),
    ).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    expect(await store.rollouts.list('refused')).toHaveLength(1);
  });

  test('is promoted and closed once: the first outcome stays', async () => {
    await openedRollout(store, 'closed');
    await store.rollouts.markPromoted('closed', 1);
    const promotedAt = (await store.rollouts.get('closed', 1))?.promotedAt;
    expect(promotedAt).toMatch(/Z$/);
    await store.rollouts.markPromoted('closed', 1);
    await store.rollouts.close('closed', 1, { status: 'promoted', reason: 'every guard passes' });
    await store.rollouts.close('closed', 1, { status: 'aborted', reason: 'again', actor: 'late' });
    expect(await store.rollouts.get('closed', 1)).toMatchObject({
      status: 'promoted',
      reason: 'every guard passes',
      promotedAt,
      endedAt: expect.stringMatching(/Z$/) as string,
    });
    expect(await store.rollouts.running('closed')).toBeUndefined();
    const [closed, ...rest] = await store.audit.list('rollout/closed/1');
    expect(closed).toMatchObject({
      actor: 'rollout/closed/1',
      action: 'rollout.close',
      details: { status: 'promoted', reason: 'every guard passes' },
    });
    expect(rest).toHaveLength(1);
    await expect(store.rollouts.close('closed', 2, { status: 'aborted', reason: '' })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    await expect(
      bench.admin.query(`UPDATE rollouts SET status = 'running', ended_at = NULL WHERE name = 'closed'`),
    ).rejects.toMatchObject({ code: '23001' });
  });

  test('tells the audit of an event once', async () => {
    await openedRollout(store, 'noted');
    const event = { key: 'pause/1', actor: 'ada', action: 'rollout.pause', details: { reason: 'lunch' } };
    await Promise.all([1, 2, 3].map(() => store.rollouts.note('noted', 1, event)));
    await store.rollouts.note('noted', 1, { ...event, key: 'resume/1', action: 'rollout.resume' });
    expect((await store.audit.list('rollout/noted/1')).map(({ action }) => action)).toEqual([
      'rollout.resume',
      'rollout.pause',
      'rollout.open',
    ]);
    await expect(store.rollouts.note('noted', 2, event)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await count(bench.admin, 'rollout_notes')).toBe(2);
  });

  test('keeps its looks in order, the first of each index', async () => {
    await openedRollout(store, 'seen');
    const counts = { ...(await store.rollouts.counts('seen', 1, [])), custom: [] };
    const look = (index: number, reason: string) => ({
      index,
      stage: 0,
      counts: { ...counts, elapsedMs: 0.1 + index },
      verdict: { action: 'continue' as const, reason, guards: [] },
    });
    for (const index of [1, 3, 2]) await store.rollouts.recordLook('seen', 1, look(index, 'first'));
    await store.rollouts.recordLook('seen', 1, look(2, 'again'));
    expect(await store.rollouts.looks('seen', 1)).toEqual([1, 2, 3].map((index) => look(index, 'first')));
    expect(await store.rollouts.looks('seen', 1, { after: 1, limit: 1 })).toEqual([look(2, 'first')]);
  });
});
