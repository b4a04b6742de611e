import { beforeAll, describe, expect, it } from 'vitest';
import { openSession, withSession, type ModelSession } from '../../compute/session.ts';
import { assembleEncoders } from '../../learning/onnx/assemble.ts';
import { batchOf, fit, numbers, strings } from '../learning/encodersRun.ts';

/** A session answers any number of rows in bounded slices, and says what a batch lacks. */
const train = { n: numbers(0, 4), s: strings('a', 'b') };
let session: ModelSession;
beforeAll(async () => {
  const fitted = fit(
    [
      { kind: 'minMax', columns: ['n'] },
      { kind: 'oneHot', columns: ['s'], maxCategories: 2 },
    ],
    train,
  );
  session = await openSession(assembleEncoders(fitted));
});

describe('encode', () => {
  it('answers 0 rows with nothing', async () => {
    expect(await session.encode({ rows: 0, columns: { n: new Float64Array(0), s: [] } })).toEqual(
      new Float32Array(0),
    );
  });

  it('answers 100,000 rows as it answers each, and lets the event loop turn', async () => {
    const rows = 100_000;
    const n = Float64Array.from({ length: rows }, (_, i) => i % 5);
    const s = Array.from({ length: rows }, (_, i) => 'abc'[i % 3]);
    const progress: number[] = [];
    let turns = 0;
    const timer = setInterval(() => turns++, 0);
    const x = await session.encode(
      { rows, columns: { n, s } },
      { onProgress: (done) => progress.push(done) },
    );
    clearInterval(timer);
    const expected = Float32Array.from({ length: rows * 3 }, (_, k) => {
      const i = Math.floor(k / 3);
      return k % 3 === 0 ? (i % 5) / 4 : Number(i % 3 === (k % 3) - 1);
    });
    expect(Buffer.from(x.buffer).equals(Buffer.from(expected.buffer))).toBe(true);
    expect(progress).toEqual([16_384, 32_768, 49_152, 65_536, 81_920, 98_304, 100_000]);
    expect(turns).toBeGreaterThanOrEqual(3);
  });

  it('reads and writes shared memory', async () => {
    const n = new Float64Array(new SharedArrayBuffer(16));
    n[1] = 4;
    const into = new Float32Array(new SharedArrayBuffer(24));
    await session.encode({ rows: 2, columns: { n, s: ['a', 'b'] } }, { into });
    expect(Array.from(into)).toEqual([0, 1, 0, 1, 0, 1]);
  });

  it('stops between slices when the signal is raised', async () => {
    const controller = new AbortController();
    const rows = 50_000;
    const batch = { rows, columns: { n: new Float64Array(rows), s: new Array<string>(rows).fill('a') } };
    const done: number[] = [];
    const work = session.encode(batch, {
      signal: controller.signal,
      onProgress: (n) => {
        done.push(n);
        controller.abort();
      },
    });
    await expect(work).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(done).toEqual([16_384]);
  });

  it.each([
    ['is missing', { n: numbers(1) }, 'The column "s" is missing; the model reads n, s.'],
    [
      'holds text',
      { n: strings('1'), s: strings('a') },
      'The column "n" holds text; the model reads numbers.',
    ],
    [
      'holds numbers',
      { n: numbers(1), s: numbers(1) },
      'The column "s" holds numbers; the model reads text.',
    ],
  ])('says that a column %s', async (_what, columns, message) => {
    await expect(session.encode(batchOf(columns))).rejects.toMatchObject({ code: 'INVALID_INPUT', message });
  });

  it('says that a column is of another length', async () => {
    const batch = { rows: 2, columns: { n: Float64Array.of(1), s: ['a', 'b'] } };
    await expect(session.encode(batch)).rejects.toThrow('The column "n" holds 1 values for 2 rows.');
  });

  it('ignores columns that the model does not read', async () => {
    const x = await session.encode(batchOf({ n: numbers(4), s: strings('b'), more: numbers(1) }));
    expect(Array.from(x)).toEqual([1, 0, 1]);
  });
});

it('says that an encoders’ graph predicts nothing', async () => {
  await expect(session.predict(batchOf(train))).rejects.toThrow(
    'The model has no output "label"; it gives features.',
  );
});

it('is released when the work that it was opened for ends, also when that fails', async () => {
  const model = assembleEncoders(fit([{ kind: 'minMax', columns: ['n'] }], { n: numbers(0, 4) }));
  const opened: ModelSession[] = [];
  const batch = batchOf({ n: numbers(2) });
  const answer = await withSession(model, (own) => {
    opened.push(own);
    return own.encode(batch);
  });
  expect(answer).toEqual(Float32Array.of(0.5));
  const failing = withSession(model, (own) => {
    opened.push(own);
    return Promise.reject(new Error('the disk is full'));
  });
  await expect(failing).rejects.toThrow('the disk is full');
  for (const own of opened) await expect(own.encode(batch)).rejects.toThrow();
  expect(opened).toHaveLength(2);
});
