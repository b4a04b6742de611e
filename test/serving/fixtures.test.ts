import { afterAll, beforeAll, expect, it } from 'vitest';
import { checkParity, type Golden } from '../../compute/parity.ts';
import { withSession } from '../../compute/session.ts';
import { openBench, type Bench } from '../store/fixtures.ts';
import { registerModel, someBatch, tinyModel } from './fixtures.ts';

/** The tiny models that the gateway's tests serve are models as a training registers them. */
let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

it.each(['binary', 'multiclass', 'regression'] as const)(
  'a tiny %s model has the parity of a registered one',
  async (task) => {
    const made = await tinyModel({ task });
    const row = await registerModel(bench.store, task, made);
    expect(row).toMatchObject({ name: task, version: 1, signature: made.signature });
    const golden = JSON.parse(
      new TextDecoder().decode(await bench.store.artifacts.get(row.goldenDigest)),
    ) as Golden;
    const report = await checkParity({
      modelBytes: await bench.store.artifacts.get(row.digest),
      golden,
      tolerance: 1e-5,
      deadlineMs: 30_000,
    });
    expect(report).toMatchObject({ rows: 50, ok: true });
  },
);

it('another seed answers otherwise', async () => {
  const answers = await Promise.all(
    [1, 2].map(async (seed) =>
      withSession((await tinyModel({ seed })).bytes, (session) => session.predict(someBatch(20))),
    ),
  );
  expect(answers[0].probabilities).not.toEqual(answers[1].probabilities);
});
