import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Role } from '../../store/routeTypes.ts';
import type { Store } from '../../store/types.ts';
import { openBench, type Bench } from './fixtures.ts';

/** A key is told once, is known by its hash, and is worth nothing once it is revoked. */
let bench: Bench;
let store: Store;

beforeAll(async () => {
  bench = await openBench();
  ({ store } = bench);
});
afterAll(() => bench.close());

const create = (roles: Role[] = ['predict']) => store.keys.create({ name: 'a key', roles, actor: 'ada' });

describe('an API key', () => {
  test('opens with its secret, which is told once and kept nowhere', async () => {
    const { secret, ...row } = await create(['predict', 'label']);
    expect(secret).toMatch(/^pk_[0-9a-z]{12}_[A-Za-z0-9_-]{43}$/);
    expect(row).toEqual({
      ...{ id: secret.split('_')[1], name: 'a key', roles: ['predict', 'label'] },
      createdAt: expect.stringMatching(/Z$/) as string,
    });
    expect(await store.keys.verify(secret)).toEqual(row);
    expect(await store.keys.list()).toContainEqual(row);
    const dump = await bench.admin.query(
      `SELECT coalesce(string_agg(t::text, ''), '') AS all FROM (SELECT api_keys::text AS t FROM api_keys
       UNION ALL SELECT audit::text FROM audit) AS rows`,
    );
    expect(JSON.stringify(dump.rows)).toContain(row.id);
    expect(JSON.stringify(dump.rows)).not.toContain(secret.slice(-43));
  });

  test('is unlike any other', async () => {
    const keys = await Promise.all(Array.from({ length: 50 }, () => create()));
    expect(new Set(keys.map(({ secret }) => secret.slice(-43))).size).toBe(50);
    expect(new Set(keys.map(({ id }) => id)).size).toBe(50);
  });

  test('with one character changed, of another’s id, or of another form opens nothing', async () => {
    const [{ secret }, other] = await Promise.all([create(), create()]);
    const at = secret.length - 10;
    const wrong = [
      secret.slice(0, at) + (secret[at] === 'A' ? 'B' : 'A') + secret.slice(at + 1),
      secret.replace(/^pk_[^_]+/, `pk_${other.id}`),
      secret.toUpperCase(),
      `${secret} `,
      secret.slice(0, -1),
      '',
      'pk__',
      `pk_${'0'.repeat(12)}_${'A'.repeat(43)}`,
      `pk_' OR true --_${'A'.repeat(43)}`,
      '\0'.repeat(60),
      'é'.repeat(100_000),
    ];
    for (const guess of wrong) expect(await store.keys.verify(guess), guess.slice(0, 80)).toBeUndefined();
    expect(await store.keys.verify(secret)).toBeDefined();
  });

  test('is revoked once, with who did it', async () => {
    const { id, secret } = await create();
    await store.keys.revoke(id, 'bob');
    const revoked = (await store.keys.list()).find((key) => key.id === id);
    expect(revoked?.revokedAt).toMatch(/Z$/);
    await store.keys.revoke(id, 'eve');
    expect((await store.keys.list()).find((key) => key.id === id)).toEqual(revoked);
    expect(await store.keys.verify(secret)).toBeUndefined();
    expect(await store.audit.list(`key/${id}`)).toMatchObject([
      { actor: 'bob', action: 'key.revoke', details: { name: 'a key' } },
      { actor: 'ada', action: 'key.create', details: { name: 'a key', roles: ['predict'] } },
    ]);
    await expect(store.keys.revoke('nobody', 'bob')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('is never given back its life, other roles or another secret, also past the program', async () => {
    const { id } = await create();
    const change = (set: string) => bench.admin.query(`UPDATE api_keys SET ${set} WHERE id = $1`, [id]);
    for (const set of [`roles = '{admin}'`, `secret_hash = sha256('x')`, `name = 'other'`])
      await expect(change(set)).rejects.toMatchObject({ code: '23001' });
    await store.keys.revoke(id, 'bob');
    await expect(change(`revoked_at = NULL`)).rejects.toMatchObject({ code: '23001' });
    await expect(bench.admin.query(`DELETE FROM api_keys`)).rejects.toMatchObject({ code: '23001' });
  });

  const wrong = [[], ['root'], ['predict', 'root']] as Role[][];
  test.each(wrong.map((roles) => ({ roles })))('with roles $roles is refused', async ({ roles }) => {
    await expect(create(roles)).rejects.toMatchObject({ code: 'INVALID_INPUT', field: 'roles' });
  });
});
