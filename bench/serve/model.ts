import { randomUUID } from 'node:crypto';
import { encodeGolden } from '../../compute/parityGolden.ts';
import { withSession } from '../../compute/session.ts';
import { csv, defineLifecycle, forest } from '../../config/define.ts';
import type { RawBatch } from '../../config/raw.ts';
import { binMatrix } from '../../learning/binning.ts';
import { fitEncoders } from '../../learning/encoders/fit.ts';
import { shelf } from '../../learning/learners/shelf.ts';
import { assembleEncoders, assembleModel } from '../../learning/onnx/assemble.ts';
import { Random } from '../../learning/rng.ts';
import type { ModelVersionRow, Signature, Store } from '../../store/types.ts';
import { profileOf } from '../../test/learning/encodersProfile.ts';

export const COLUMNS = 20;
export const TREES = 100;
/** Deeper trees cost every server the same and so hide what they differ in; people seldom go further. */
export const MAX_DEPTH = 8;
const TRAINING_ROWS = 5_000;
const GOLDEN_ROWS = 100;

export interface TrainedModel {
  onnx: Uint8Array;
  golden: Uint8Array;
  signature: Signature;
}

/** Numbers around 0 and a class that depends on a few of them, with noise; the same for the same seed. */
export function makeRows(rows: number, seed: number): { batch: RawBatch; truth: Uint8Array } {
  const random = new Random(seed);
  const values = Array.from({ length: COLUMNS }, () => new Float64Array(rows));
  const truth = new Uint8Array(rows);
  for (let row = 0; row < rows; row++) {
    for (const column of values) column[row] = random.unit() * 2 - 1;
    const [a, b, c, d] = values;
    const strength = a[row] + b[row] * c[row] * 2 + Math.abs(d[row]) - 0.5 + (random.unit() - 0.5);
    truth[row] = Number(strength > 0);
  }
  return {
    batch: { rows, columns: Object.fromEntries(values.map((column, i) => [`x${i}`, column])) },
    truth,
  };
}

export function trainingRows(): ReturnType<typeof makeRows> {
  return makeRows(TRAINING_ROWS, 1);
}

/** A forest of 100 trees by our own learner, as one ONNX file. @param seed of the trees: another one is other bytes */
export async function trainForest(seed: number): Promise<TrainedModel> {
  const { batch, truth } = trainingRows();
  const profiles = Object.entries(batch.columns).map(([name, column]) =>
    profileOf(name, 'number', Array.from<number | string>(column)),
  );
  const encoders = fitEncoders('auto', profiles, { target: 'class' });
  const x = await withSession(assembleEncoders(encoders), (session) => session.encode(batch));
  const width = encoders.features.length;
  const learner = shelf.get('forest');
  if (!learner) throw new Error('the shelf has no forest');
  const problem = {
    ...{ task: 'binary' as const, classes: 2, rows: TRAINING_ROWS, columns: width },
    ...{ x, y: Float64Array.from(truth), binned: binMatrix(x, TRAINING_ROWS, width) },
    train: Int32Array.from({ length: TRAINING_ROWS }, (_, row) => row),
  };
  const params = learner.params.parse({ trees: TREES, maxDepth: MAX_DEPTH });
  const model = learner.join([learner.fit(problem, params, seed, 0, learner.units(params))]);
  const golden: RawBatch = {
    rows: GOLDEN_ROWS,
    columns: Object.fromEntries(
      Object.entries(batch.columns).map(([name, c]) => [name, c.slice(0, GOLDEN_ROWS)]),
    ),
  };
  const classes = [0, 1];
  return {
    onnx: assembleModel(encoders, learner, model, { task: 'binary', target: 'class', classes: '[0,1]' }),
    golden: encodeGolden(golden, learner.predict(model, x.subarray(0, GOLDEN_ROWS * width), width), 'binary'),
    signature: {
      inputs: encoders.inputs.map(({ name, columnType }) => ({
        name,
        type: 'double',
        columnType,
        shape: ['N', 1],
      })),
      outputs: [
        { name: 'label', type: 'int64', shape: ['N'] },
        { name: 'probabilities', type: 'float', shape: ['N', 2] },
      ],
      ...{ task: 'binary', target: 'class', classes, positive: 1, features: encoders.features },
    },
  };
}

/** As the next version of that name; the first one becomes champion. */
export async function registerForest(
  store: Store,
  name: string,
  model: TrainedModel,
): Promise<ModelVersionRow> {
  const definition = defineLifecycle({
    name,
    sources: { rows: csv('rows.csv') },
    target: 'class',
    search: [forest({ trees: [TREES], maxDepth: [MAX_DEPTH] })],
  });
  const definitionHash = await store.definitions.put(definition);
  const runNumber = await store.runs.nextNumber(name);
  await store.runs.open({
    ...{ name, number: runNumber, workflowId: `training/${name}/${runNumber}`, executionId: randomUUID() },
    ...{ definitionHash, actor: 'bench' },
  });
  const put = async (bytes: Uint8Array, kind: string, type: string) =>
    (await store.artifacts.put(bytes, kind, type)).digest;
  const { version } = await store.registry.register(
    {
      ...{ name, runNumber, definitionHash, signature: model.signature },
      digest: await put(model.onnx, 'model', 'application/onnx'),
      goldenDigest: await put(model.golden, 'golden', 'application/json'),
      datasetDigest: await put(Buffer.from('made by bench/serve/model.ts'), 'dataset', 'text/plain'),
      evaluationDigest: await put(Buffer.from('{}'), 'evaluation', 'application/json'),
      ...{
        learner: 'forest',
        params: { trees: TREES, maxDepth: MAX_DEPTH },
        metrics: {},
        code: { node: process.version },
      },
      cv: { metric: 'rocAuc', mean: 0, std: 0 },
    },
    { promote: false, actor: 'bench' },
  );
  const row = await store.registry.get(name, version);
  if (!row) throw new Error(`${name}@${version} was registered and is not there`);
  return row;
}
