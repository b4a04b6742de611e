import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkParity, compareAnswers } from '../../compute/parity.ts';
import { encodeGolden, goldenBatch, type Golden } from '../../compute/parityGolden.ts';
import { openSession } from '../../compute/session.ts';
import type { RawBatch } from '../../config/raw.ts';
import { binMatrix } from '../../learning/binning.ts';
import { fitEncoders } from '../../learning/encoders/fit.ts';
import type { FittedEncoders } from '../../learning/encoders/fitted.ts';
import { shelf } from '../../learning/learners/shelf.ts';
import { assembleEncoders, assembleModel } from '../../learning/onnx/assemble.ts';
import { createGraphBuilder } from '../../learning/onnx/build.ts';
import type { Learner, Problem, Task } from '../../learning/types.ts';
import { profileOf } from '../learning/encodersProfile.ts';
import { batchOf, numbers, strings, times } from '../learning/encodersRun.ts';

/** A file is registered only where it answers, in a process of its own, as the learner that made it does. */
const ROWS = 1_000;
const LIMITS = { tolerance: 1e-5, deadlineMs: 60_000 };

/** Rows with missing, infinite and unseen values, whose answer depends on all of their columns. */
const raw = (() => {
  const random = generator(11);
  const pick = (i: number, odd: number, value: number) => (i % 37 === 5 ? odd : value);
  return {
    distance: numbers(
      ...Array.from({ length: ROWS }, (_, i) => pick(i, i % 2 ? NaN : Infinity, random() * 3000)),
    ),
    carrier: strings(
      ...Array.from({ length: ROWS }, (_, i) => (i % 41 === 0 ? '' : ['AA', 'ü', '日本', 'WN'][i % 4])),
    ),
    at: times(...Array.from({ length: ROWS }, (_, i) => pick(i, NaN, 1e12 + i * 3_600_000 * 7))),
  };
})();

interface Made {
  bytes: Uint8Array;
  golden: Golden;
}

async function make(
  name: string,
  params: object,
  task: Task,
  broken?: (fitted: FittedEncoders) => FittedEncoders,
): Promise<Made> {
  const profiles = Object.entries(raw).map(([column, { type, values }]) => profileOf(column, type, values));
  const fitted = fitEncoders('auto', profiles, { target: 'late' });
  const batch: RawBatch = batchOf(raw);
  const session = await openSession(assembleEncoders(fitted));
  const x = await session.encode(batch);
  const columns = fitted.features.length;
  const y = Float64Array.from({ length: ROWS }, (_, i) => {
    const signal = x[i * columns] + x[i * columns + 1] - x[i * columns + 3];
    return task === 'regression'
      ? 100 + 50 * signal
      : Number(signal > 0) + Number(task === 'multiclass' && signal > 1);
  });
  const classes = { binary: 2, multiclass: 3, regression: 1 }[task];
  const train = Int32Array.from({ length: ROWS }, (_, i) => i);
  const problem: Problem = {
    task,
    classes,
    rows: ROWS,
    columns,
    x,
    y,
    binned: binMatrix(x, ROWS, columns),
    train,
  };
  const learner = shelf.get(name) as Learner;
  const full = learner.params.parse(params);
  const model = learner.join([learner.fit(problem, full, 1, 0, learner.units(full))]);
  const metadata = {
    task,
    ...(task === 'regression' ? {} : { classes: JSON.stringify([...'abc'].slice(0, classes)) }),
  };
  const bytes = encodeGolden(batch, learner.predict(model, x, columns), task);
  return {
    bytes: assembleModel(broken ? broken(fitted) : fitted, learner, model, metadata),
    // As it is kept: through JSON.
    golden: JSON.parse(new TextDecoder().decode(bytes)) as Golden,
  };
}

/** The same encoders, but for a mean that is off by `shift` standard deviations. */
function shiftMean(shift: number) {
  return (fitted: FittedEncoders): FittedEncoders => ({
    ...fitted,
    blocks: fitted.blocks.map((block) =>
      block.kind === 'standardize'
        ? { ...block, mean: block.mean.map((mean, i) => mean + shift * block.std[i]) }
        : block,
    ),
  });
}

let logistic: Made;
let directory: string;
beforeAll(async () => {
  logistic = await make('logistic', {}, 'binary');
  directory = await mkdtemp(join(tmpdir(), 'perennial-parity-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

describe('checkParity passes what the learner answers', () => {
  it.each([
    ['logistic', {}, 'multiclass'],
    ['forest', { trees: 20, maxDepth: 8 }, 'multiclass'],
    ['ridge', {}, 'regression'],
    ['logistic', { l1: 1, l2: 0 }, 'multiclass'],
    ['linearSvm', {}, 'multiclass'],
    ['neighbors', { k: 7, weights: 'distance' }, 'multiclass'],
    ['neighbors', {}, 'regression'],
    ['elasticNet', { alpha: 0.01 }, 'regression'],
    ['tree', { maxDepth: 8 }, 'regression'],
  ] as const)('%s %j, %s', async (name, params, task) => {
    const { bytes, golden } = await make(name, params, task);
    const report = await checkParity({ modelBytes: bytes, golden, ...LIMITS });
    expect(report).toMatchObject({ rows: ROWS, flips: 0, ok: true });
    expect(report.maxDifference).toBeLessThanOrEqual(1e-5);
  });

  it('from a file', async () => {
    const modelPath = join(directory, 'model.onnx');
    await writeFile(modelPath, logistic.bytes);
    expect(await checkParity({ modelPath, golden: logistic.golden, ...LIMITS })).toMatchObject({
      rows: ROWS,
      ok: true,
    });
  });
});

describe('checkParity refuses', () => {
  it('an encoder whose mean is off by a standard deviation', async () => {
    const { bytes, golden } = await make('logistic', {}, 'binary', shiftMean(1));
    const report = await checkParity({ modelBytes: bytes, golden, ...LIMITS });
    expect(report).toMatchObject({ rows: ROWS, ok: false });
    expect(report.flips).toBeGreaterThan(0);
    expect(report.maxDifference).toBeGreaterThan(0.01);
  });

  it('an encoder whose mean is off by a thousandth of a standard deviation', async () => {
    const { bytes, golden } = await make('ridge', {}, 'regression', shiftMean(0.001));
    expect(await checkParity({ modelBytes: bytes, golden, ...LIMITS })).toMatchObject({
      rows: ROWS,
      ok: false,
    });
  });

  it('a file that is no model, one that is not there, and rows without a column', async () => {
    const { golden } = logistic;
    expect(await checkParity({ modelBytes: Uint8Array.of(1, 2, 3), golden, ...LIMITS })).toMatchObject({
      ok: false,
      failure: expect.stringContaining('The model') as string,
    });
    expect(
      await checkParity({ modelPath: join(directory, 'nowhere.onnx'), golden, ...LIMITS }),
    ).toMatchObject({
      ok: false,
      failure: expect.stringContaining('ENOENT') as string,
    });
    const { carrier, at } = golden.inputs;
    expect(
      await checkParity({
        modelBytes: logistic.bytes,
        golden: { ...golden, inputs: { carrier, at } },
        ...LIMITS,
      }),
    ).toMatchObject({
      ok: false,
      failure: expect.stringContaining('"distance"') as string,
    });
    expect(
      await checkParity({
        modelBytes: logistic.bytes,
        golden: { inputs: {}, outputs: { label: [], probabilities: [] } },
        ...LIMITS,
      }),
    ).toMatchObject({ ok: false });
  });

  it('a model that answers too late, and ends its process', async () => {
    const started = performance.now();
    const report = await checkParity({
      modelBytes: endless(),
      golden: { inputs: { x: [1] }, outputs: { prediction: [1] } },
      tolerance: 1e-5,
      deadlineMs: 2_000,
    });
    expect(report).toMatchObject({
      ok: false,
      failure: 'no answer within 2000 ms',
      unjudged: true,
    });
    expect(performance.now() - started).toBeLessThan(10_000);
    await expect.poll(runningChildren).toBe(0);
  });

  it('to go on when it is interrupted', async () => {
    const controller = new AbortController();
    const work = checkParity({
      modelBytes: endless(),
      golden: { inputs: { x: [1] }, outputs: { prediction: [1] } },
      ...LIMITS,
      signal: controller.signal,
    });
    setTimeout(() => controller.abort(), 200);
    expect(await work).toMatchObject({ ok: false, failure: 'interrupted', unjudged: true });
    await expect.poll(runningChildren).toBe(0);
  });

  it('to outlive its parent: a process that nobody kills ends itself', async () => {
    const child = fork(new URL('../../compute/parity.mjs', import.meta.url), ['2000'], {
      execArgv: [],
      serialization: 'advanced',
    });
    child.send({ model: { bytes: endless() }, golden: { inputs: { x: [1] }, outputs: { prediction: [1] } } });
    const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
    expect({ code, signal }).toEqual({ code: null, signal: 'SIGKILL' });
  });
});

describe('compareAnswers', () => {
  const golden = (prediction: number[]): Golden => ({ inputs: {}, outputs: { prediction } });

  it('measures regression relative to the value, or to the mean size where that is larger', () => {
    const answers = { prediction: Float32Array.of(1000.5, 0.001) };
    expect(compareAnswers(answers, golden([1000, 0]), 1e-3)).toEqual({
      rows: 2,
      flips: 0,
      maxDifference: 0.0005,
      ok: true,
    });
    expect(compareAnswers({ prediction: Float32Array.of(2e-9) }, golden([1e-9]), 1e-5).ok).toBe(false);
  });

  it('takes a NaN for a difference', () => {
    expect(compareAnswers({ prediction: Float32Array.of(NaN) }, golden([1]), 1e-5).ok).toBe(false);
  });

  it('takes a flipped label for a difference, however close the probabilities are', () => {
    const outputs = { label: [0], probabilities: [[0.5, 0.5]] };
    const answers = { labels: Int32Array.of(1), probabilities: Float32Array.of(0.5, 0.5) };
    expect(compareAnswers(answers, { inputs: {}, outputs }, 1e-5)).toEqual({
      rows: 1,
      flips: 1,
      maxDifference: 0,
      ok: false,
    });
  });

  it('refuses answers of another shape', () => {
    expect(
      compareAnswers({ labels: Int32Array.of(1), probabilities: Float32Array.of(1) }, golden([1, 2]), 1e-5),
    ).toMatchObject({ ok: false, rows: 0 });
  });
});

describe('golden rows', () => {
  it('carry missing, infinite and empty values through JSON', () => {
    const batch = {
      rows: 4,
      columns: { n: Float64Array.of(NaN, Infinity, -Infinity, 0.1), s: ['', 'ü', '\u0000', 'null'] },
    };
    const golden = JSON.parse(
      new TextDecoder().decode(encodeGolden(batch, Float64Array.of(1, 2, 3, 4), 'regression')),
    ) as Golden;
    expect(golden.inputs.n).toEqual([null, 'Infinity', '-Infinity', 0.1]);
    const inputs = [
      { name: 'n', type: 'double' },
      { name: 's', type: 'string' },
    ] as const;
    expect(goldenBatch(golden, inputs)).toEqual(batch);
  });
});

/** A harmless-looking model that squares a large matrix hundreds of times: minutes on any machine. */
function endless(): Uint8Array {
  const graph = createGraphBuilder();
  const x = graph.input('x', 'double');
  const size = graph.constant({ type: 'int64', dims: [2], values: [3000, 3000] });
  let [matrix] = graph.node('Expand', [x, size]);
  for (let i = 0; i < 300; i++) [matrix] = graph.node('MatMul', [matrix, matrix]);
  const axes = graph.constant({ type: 'int64', dims: [2], values: [0, 1] });
  const [sum] = graph.node('ReduceSum', [matrix, axes], { keepdims: { int: 0 } });
  graph.output('prediction', graph.node('Cast', [sum], { to: { int: 1 } })[0], 'float', ['N']);
  return graph.build({});
}

const runningChildren = () =>
  process.getActiveResourcesInfo().filter((name) => name === 'ProcessWrap').length;

function generator(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48271) % 2147483647) / 2147483647;
}
