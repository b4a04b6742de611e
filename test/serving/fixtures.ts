import { encodeGolden } from '../../compute/parityGolden.ts';
import { withSession } from '../../compute/session.ts';
import type { RawBatch } from '../../config/raw.ts';
import { binMatrix } from '../../learning/binning.ts';
import { fitEncoders } from '../../learning/encoders/fit.ts';
import { shelf } from '../../learning/learners/shelf.ts';
import { assembleEncoders, assembleModel } from '../../learning/onnx/assemble.ts';
import { Random } from '../../learning/rng.ts';
import type { Learner, Task } from '../../learning/types.ts';
import type { ModelVersionRow, Signature, Store } from '../../store/types.ts';
import { profileOf } from '../learning/encodersProfile.ts';
import { batchOf, booleans, numbers, strings, times } from '../learning/encodersRun.ts';
import { startRun, versionOf } from '../store/fixtures.ts';

/** Tiny models, really trained, as versions of a store: what the gateway's tests serve. A model takes some 20 ms. */

export interface TinyOptions {
  task?: Task;
  learner?: string;
  params?: object;
  /** Another seed is other data, so a model of other bytes that answers otherwise. */
  seed?: number;
  /** Names of the columns that it reads; default all of `COLUMNS`. */
  columns?: readonly Column[];
}

export interface TinyModel {
  bytes: Uint8Array;
  /** The golden artifact's bytes. */
  golden: Uint8Array;
  signature: Signature;
  learner: string;
}

/** One column of each type that a model reads. */
export const COLUMNS = ['distance', 'carrier', 'at', 'urgent'] as const;
export type Column = (typeof COLUMNS)[number];

const TRAINING_ROWS = 200;
const GOLDEN_ROWS = 50;
/** JSON values of the target, by class index. */
const CLASSES = { binary: [false, true], multiclass: ['low', 'middle', 'high'], regression: undefined };

/** Rows as a table; the same for the same arguments, with missing values among them. */
export function someRows(rows: number, seed = 1) {
  const random = new Random(seed);
  const indexes = Array.from({ length: rows }, (_, i) => i);
  return {
    distance: numbers(...indexes.map((i) => (i % 17 === 16 ? NaN : Math.round(random.unit() * 3000)))),
    carrier: strings(...indexes.map((i) => (i % 19 === 18 ? '' : ['AA', 'ü', 'WN'][random.below(3)]))),
    at: times(...indexes.map((i) => Date.UTC(2026, 0, 1) + i * 3_600_000 * 7)),
    urgent: booleans(...indexes.map(() => random.below(2))),
  };
}

/** Rows as the gateway's HTTP layers hand them to `Inference`. */
export function someBatch(rows: number, seed = 1): RawBatch {
  return batchOf(someRows(rows, seed));
}

/** The same rows as a person writes them in JSON, null for missing. */
export function someJson(rows: number, seed = 1): Record<Column, number | string | boolean | null>[] {
  const table = someRows(rows, seed);
  return Array.from({ length: rows }, (_, i) => ({
    distance: Number.isNaN(table.distance.values[i]) ? null : table.distance.values[i],
    carrier: table.carrier.values[i] || null,
    at: new Date(table.at.values[i]).toISOString(),
    urgent: table.urgent.values[i] === 1,
  }));
}

export async function tinyModel(options: TinyOptions = {}): Promise<TinyModel> {
  const { task = 'binary', learner: name = 'tree', params = {}, seed = 1, columns = COLUMNS } = options;
  const table = Object.fromEntries(
    Object.entries(someRows(TRAINING_ROWS, seed)).filter(([column]) => columns.includes(column as Column)),
  );
  const fitted = fitEncoders(
    'auto',
    Object.entries(table).map(([column, { type, values }]) => profileOf(column, type, [...values])),
    { target: 'late' },
  );
  const raw = batchOf(table);
  const x = await withSession(assembleEncoders(fitted), (session) => session.encode(raw));
  const width = fitted.features.length;
  const random = new Random(seed + 1000);
  const classes = CLASSES[task];
  const y = Float64Array.from({ length: TRAINING_ROWS }, (_, i) => {
    const strength = x[i * width] + random.unit();
    if (task === 'regression') return 100 + 50 * strength;
    return Number(strength > 0.3) + Number(task === 'multiclass' && strength > 1);
  });
  const learner = shelf.get(name) as Learner;
  const full = learner.params.parse(params);
  const problem = {
    task,
    classes: classes?.length ?? 1,
    rows: TRAINING_ROWS,
    columns: width,
    x,
    y,
    binned: binMatrix(x, TRAINING_ROWS, width),
    train: Int32Array.from({ length: TRAINING_ROWS }, (_, i) => i),
  };
  const model = learner.join([learner.fit(problem, full, seed, 0, learner.units(full))]);
  const golden = slice(raw, GOLDEN_ROWS);
  return {
    bytes: assembleModel(fitted, learner, model, {
      task,
      target: 'late',
      ...(classes ? { classes: JSON.stringify(classes) } : {}),
    }),
    golden: encodeGolden(golden, learner.predict(model, x.subarray(0, GOLDEN_ROWS * width), width), task),
    signature: {
      inputs: fitted.inputs.map(({ name: input, columnType }) => ({
        name: input,
        type: columnType === 'string' ? 'string' : 'double',
        columnType,
        shape: ['N', 1],
      })),
      outputs: classes
        ? [
            { name: 'label', type: 'int64', shape: ['N'] },
            { name: 'probabilities', type: 'float', shape: ['N', classes.length] },
          ]
        : [{ name: 'prediction', type: 'float', shape: ['N'] }],
      task,
      target: 'late',
      ...(classes ? { classes } : {}),
      ...(task === 'binary' ? { positive: 1 } : {}),
      features: fitted.features,
    },
    learner: name,
  };
}

/**
 * Registers a model as the next version of `name`; the first one becomes champion. Two versions of one name must be of
 * different bytes (another seed), as in life.
 */
export async function registerModel(
  store: Store,
  name: string,
  { bytes, golden, signature, learner }: TinyModel,
  options: { promote?: boolean } = {},
): Promise<ModelVersionRow> {
  const run = await startRun(store, name);
  const [model, goldenRows] = await Promise.all([
    store.artifacts.put(bytes, 'model', 'application/onnx'),
    store.artifacts.put(golden, 'golden', 'application/json'),
  ]);
  const { version } = await store.registry.register(
    {
      ...(await versionOf(store, run, `model of ${name} ${run.number}`)),
      digest: model.digest,
      goldenDigest: goldenRows.digest,
      signature,
      learner,
    },
    { promote: options.promote ?? false, actor: 'tester' },
  );
  const row = await store.registry.get(name, version);
  if (!row) throw new Error(`${name}@${version} was registered and is not there`);
  return row;
}

function slice(batch: RawBatch, rows: number): RawBatch {
  return {
    rows,
    columns: Object.fromEntries(
      Object.entries(batch.columns).map(([name, values]) => [name, values.slice(0, rows)]),
    ),
  };
}
