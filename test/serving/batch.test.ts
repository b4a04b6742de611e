import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openSession, type Answers, type ModelSession } from '../../compute/session.ts';
import type { RawBatch } from '../../config/raw.ts';
import { createBatcher } from '../../serving/batch.ts';
import type { Model } from '../../serving/models.ts';
import type { ModelVersionRow } from '../../store/types.ts';
import { someBatch, tinyModel } from './fixtures.ts';

/** What arrives together is computed together, each gets its own rows, and nobody fails or waits for another's sake. */
const WAIT = { deadlineMs: Infinity };
let sessions: ModelSession[];
beforeAll(async () => {
  const tasks = ['binary', 'multiclass', 'regression'] as const;
  sessions = await Promise.all(tasks.map(async (task) => openSession((await tinyModel({ task })).bytes)));
});
afterAll(() => Promise.all(sessions.map((session) => session.release())));

/** The model, and the rows of each computation in order. */
function watched(session: ModelSession, sliceRows = 16_384): { model: Model; computed: number[] } {
  const computed: number[] = [];
  const model: Model = {
    row: {} as ModelVersionRow,
    sliceRows,
    session: {
      ...session,
      predict(batch, options) {
        computed.push(batch.rows);
        return session.predict(batch, options);
      },
    },
    enter: () => undefined,
    leave: () => undefined,
  };
  return { model, computed };
}

describe('requests of one moment', () => {
  it.each([
    [0, 'binary'],
    [1, 'multiclass'],
    [2, 'regression'],
  ])('are one computation, and each gets the answer that it gets alone (%s, %s)', async (index) => {
    const { model, computed } = watched(sessions[index]);
    const batcher = createBatcher();
    const batches = [1, 3, 1, 7].map((rows, seed) => someBatch(rows, seed + 1));
    const told = await Promise.all(batches.map((batch) => batcher.predict(model, batch, WAIT)));
    expect(computed).toEqual([12]);
    for (const [i, batch] of batches.entries())
      expect(told[i].answers).toEqual(await sessions[index].predict(batch));
  });

  it('of two versions are two computations', async () => {
    const [first, second] = [watched(sessions[0]), watched(sessions[0])];
    const batcher = createBatcher();
    const asked = [first, second, first].map(({ model }) => batcher.predict(model, someBatch(1), WAIT));
    await Promise.all(asked);
    expect([first.computed, second.computed]).toEqual([[2], [1]]);
  });

  it('gather for as long as any version has more coming', async () => {
    const order: string[] = [];
    const [few, many] = ['few', 'many'].map((name) => {
      const { model } = watched(sessions[0]);
      const predict = (batch: RawBatch) => {
        order.push(`${name} ${batch.rows}`);
        return sessions[0].predict(batch);
      };
      return { ...model, session: { ...model.session, predict } };
    });
    const batcher = createBatcher();
    const asked = [batcher.predict(many, someBatch(1), WAIT), batcher.predict(few, someBatch(1), WAIT)];
    // Behind the first turn, in which two came: the next is waited for, whichever version it asks.
    setImmediate(() => void asked.push(batcher.predict(many, someBatch(1), WAIT)));
    await setTimeout(50);
    await Promise.all(asked);
    expect(order).toEqual(['many 2', 'few 1']);
  });

  it('of two versions are answered together, and neither is told the time of the other', async () => {
    const SLOW_MS = 50;
    const [slow, quick] = [SLOW_MS, 0].map((ms) => {
      const { model } = watched(sessions[0]);
      const predict = (batch: RawBatch) => {
        const computed = sessions[0].predict(batch);
        return computed.finally(() => {
          for (const until = performance.now() + ms; performance.now() < until;);
        });
      };
      return { ...model, session: { ...model.session, predict } };
    });
    for (const order of [
      [slow, quick],
      [quick, slow],
    ]) {
      const batcher = createBatcher();
      let answered = 0;
      const began = performance.now();
      const asked = order.map(async (model) => {
        const { computedMs } = await batcher.predict(model, someBatch(1), WAIT);
        answered++;
        return { model, computedMs };
      });
      await Promise.race(asked);
      expect(performance.now() - began).toBeGreaterThanOrEqual(SLOW_MS);
      const told = new Map((await Promise.all(asked)).map(({ model, computedMs }) => [model, computedMs]));
      expect(answered).toBe(2);
      expect((told.get(slow) ?? 0) - (told.get(quick) ?? 0)).toBeGreaterThan(SLOW_MS / 2);
    }
  });

  describe('by a clock that stands but for computations', () => {
    let clockMs = 0;
    beforeAll(() => void vi.spyOn(performance, 'now').mockImplementation(() => clockMs));
    afterAll(() => void vi.restoreAllMocks());

    /** Each computation takes `ms`; those of several requests fail where the version is `broken`. */
    function taking(ms: number, broken: boolean): Model {
      const { model } = watched(sessions[0]);
      const predict = async (batch: RawBatch): Promise<Answers> => {
        const answers = await sessions[0].predict(batch);
        clockMs += ms;
        if (broken && batch.rows > 1) throw new Error('broken');
        return answers;
      };
      return { ...model, session: { ...model.session, predict } };
    }

    const LONG = { ms: 1_000, broken: true, told: 3_000 };
    it.each([
      ['the first', [LONG, { ms: 10, broken: false, told: 10 }]],
      ['the last', [{ ms: 10, broken: false, told: 10 }, LONG]],
      ['each', [LONG, { ms: 10, broken: true, told: 30 }]],
    ])('no version is told the time of another that fails (%s)', async (_, versions) => {
      clockMs = 0;
      const batcher = createBatcher();
      const models = versions.map(({ ms, broken }) => taking(ms, broken));
      const asked = [...models, ...models].map((model) => batcher.predict(model, someBatch(1), WAIT));
      const told = versions.map((version) => version.told);
      expect((await Promise.all(asked)).map(({ computedMs }) => computedMs)).toEqual([...told, ...told]);
    });
  });

  it('are at most so many rows a computation', async () => {
    const { model, computed } = watched(sessions[0]);
    const batcher = createBatcher({ maxBatchRows: 10 });
    await Promise.all([4, 4, 4, 10, 1].map((rows) => batcher.predict(model, someBatch(rows), WAIT)));
    expect(computed).toEqual([8, 4, 10, 1]);
  });

  it('may carry columns that the model does not read, each others', async () => {
    const { model } = watched(sessions[0]);
    const batcher = createBatcher();
    const plain = someBatch(2);
    const more: RawBatch = { rows: 1, columns: { ...someBatch(1).columns, extra: ['x'] } };
    const told = await Promise.all([plain, more].map((batch) => batcher.predict(model, batch, WAIT)));
    expect(told[1].answers).toEqual(await sessions[0].predict(someBatch(1)));
  });
});

it('a request at which the model throws fails alone', async () => {
  const { model, computed } = watched(sessions[0]);
  const batcher = createBatcher();
  // Past every check: ONNX Runtime refuses what is no text in a column of texts.
  const bad = { rows: 1, columns: { ...someBatch(1).columns, carrier: [42 as unknown as string] } };
  const outcomes = await Promise.allSettled(
    [someBatch(2), bad, someBatch(3)].map((batch) => batcher.predict(model, batch, WAIT)),
  );
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(computed).toEqual([6, 2, 1, 3]);
});

it('answers that cannot be taken apart fail nobody and leave nobody waiting', async () => {
  const [torn, whole] = [watched(sessions[0]).model, watched(sessions[0]).model];
  const predict = async (batch: RawBatch): Promise<Answers> =>
    batch.rows > 1 ? ({ prediction: 42 } as unknown as Answers) : sessions[0].predict(batch);
  const batcher = createBatcher();
  const models = [{ ...torn, session: { ...torn.session, predict } }, whole];
  const asked = [...models, ...models].map((model) => batcher.predict(model, someBatch(1), WAIT));
  const alone = await sessions[0].predict(someBatch(1));
  for (const { answers } of await Promise.all(asked)) expect(answers).toEqual(alone);
});

it('who is too late or has gone is not computed', async () => {
  const { model, computed } = watched(sessions[0]);
  const batcher = createBatcher();
  const outcomes = await Promise.allSettled([
    batcher.predict(model, someBatch(1), { deadlineMs: 0 }),
    batcher.predict(model, someBatch(1), { ...WAIT, signal: AbortSignal.abort() }),
    batcher.predict(model, someBatch(2), WAIT),
  ]);
  expect(outcomes).toMatchObject([
    { reason: { code: 'DEADLINE_EXCEEDED' } },
    { reason: { code: 'CANCELLED' } },
    { status: 'fulfilled' },
  ]);
  expect(computed).toEqual([2]);
});

describe('a large request', () => {
  it('is answered as its rows are', async () => {
    const { model } = watched(sessions[1], 100);
    const batch = someBatch(1_234);
    const { answers } = await createBatcher().predict(model, batch, WAIT);
    expect(answers).toEqual(await sessions[1].predict(batch));
  });

  it('lets small ones through between its slices, and its like one after the other', async () => {
    const { model } = watched(sessions[0], 100);
    const batcher = createBatcher();
    const order: string[] = [];
    const ask = async (what: string, rows: number) => {
      await batcher.predict(model, someBatch(rows), WAIT);
      order.push(what);
    };
    await Promise.all([ask('large', 5_000), ask('larger', 6_000), ask('small', 1), ask('small', 2)]);
    expect(order).toEqual(['small', 'small', 'large', 'larger']);
  });

  it('ends when its caller goes or its time is over', async () => {
    const { model } = watched(sessions[0], 100);
    const batcher = createBatcher();
    const leave = new AbortController();
    const gone = batcher.predict(model, someBatch(100_000), { ...WAIT, signal: leave.signal });
    const waiting = batcher.predict(model, someBatch(300), WAIT);
    setImmediate(() => leave.abort());
    await expect(gone).rejects.toMatchObject({ code: 'CANCELLED' });
    expect((await waiting).answers.labels).toHaveLength(300);
    const late = batcher.predict(model, someBatch(300), { deadlineMs: 0 });
    await expect(late).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  });
});
