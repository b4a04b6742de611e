import { cancellationSignal } from '@temporalio/activity';
import { withSession } from '../compute/session.ts';
import { PerennialError } from '../config/errors.ts';
import type { Definition } from '../config/definition.ts';
import type { RawBatch } from '../config/raw.ts';
import type { ColumnProfile } from '../decisions/profile.ts';
import { estimateAccuracy, fitCalibration } from '../decisions/watch/estimatedQuality.ts';
import { fitOutliers } from '../decisions/watch/outliers.ts';
import { sortNumbers } from '../decisions/watch/sortNumbers.ts';
import type { Table } from '../sources/table.ts';
import { requireTrained } from '../store/trained.ts';
import type { ModelVersionRow, Signature } from '../store/types.ts';
import type { TrainerDependencies } from './dependencies.ts';
import { scoreHoldOut, type Scored } from './score.ts';
import { openSnapshot } from './snapshot.ts';
import { truthOf } from './truth.ts';
import { read } from './watch/answers.ts';
import { categoryOf, countOnce, type Categories } from './watch/categories.ts';
import {
  decodeDistributions,
  DISTRIBUTIONS_KIND,
  encodeDistributions,
  isMeasure,
  sampleRows,
  type ColumnDistribution,
  type Distributions,
  type ModelFacts,
  type Values,
} from './watch/distributions.ts';
import { lossOf, moments } from './watch/losses.ts';

/** Training rows, and hold-out rows' scores, that windows are compared with. */
const MAX_SAMPLE = 10_000;

/** References of versions: made once, read by every window. */
export interface References {
  /** Digest of the version's reference, made where it is missing. */
  of: (version: ModelVersionRow) => Promise<string>;
  /** The last one stays in memory, as every window of a champion reads the same. */
  read: (digest: string) => Promise<Distributions>;
}

export function references(dependencies: TrainerDependencies): References {
  const { store } = dependencies;
  let last: { digest: string; distributions: Promise<Distributions> } | undefined;
  return {
    async of(version) {
      const { name } = version;
      const known = await store.watch.reference(name, version.version);
      if (known !== undefined) return known;
      const bytes = encodeDistributions(await makeReference(dependencies, version));
      const { digest } = await store.artifacts.put(bytes, DISTRIBUTIONS_KIND, 'application/x-safetensors', {
        signal: cancellationSignal(),
      });
      await store.watch.recordReference(name, version.version, digest);
      return digest;
    },

    read(digest) {
      if (last?.digest !== digest) {
        const entry = { digest, distributions: store.artifacts.get(digest).then(decodeDistributions) };
        last = entry;
        entry.distributions.catch(() => {
          if (last === entry) last = undefined;
        });
      }
      return last.distributions;
    },
  };
}

export function referenceActivities(dependencies: TrainerDependencies) {
  const { of } = references(dependencies);
  return {
    /** Distributions of the rows that a version was trained on, and what its hold-out said of it. Made once. */
    async makeReference({ name, version }: { name: string; version: number }): Promise<{ digest: string }> {
      const row = await dependencies.store.registry.get(name, version);
      if (!row) throw new PerennialError('NOT_FOUND', `${name} has no version ${version}.`);
      return { digest: await of(row) };
    },
  };
}

async function makeReference(
  dependencies: TrainerDependencies,
  version: ModelVersionRow,
): Promise<Distributions> {
  const { store } = dependencies;
  const { name, signature } = version;
  const signal = cancellationSignal();
  const { definitionHash, datasetDigest } = requireTrained(version, 'windows are compared with the rows');
  const definition = await store.definitions.get(definitionHash);
  return openSnapshot(dependencies, definition, datasetDigest, async (table) => {
    const profile = await table.profile({ side: 'train' }, { signal });
    const sample = await readSample(table, signature, signal);
    const sqlTypes = new Map(table.columns().map((column) => [column.name, column.sqlType]));
    const holdOut = await answerHoldOut(dependencies, definition, version, table);
    return describeReference({
      of: { name, version: version.version },
      signature,
      profile,
      sqlTypes,
      sample,
      holdOut,
    });
  });
}

/** What a reference is made of. */
export interface ReferenceRows {
  of: Distributions['of'];
  signature: Signature;
  /** Of the training rows, columns and target. */
  profile: readonly Pick<
    ColumnProfile,
    'name' | 'type' | 'rows' | 'missing' | 'distinct' | 'min' | 'max' | 'top'
  >[];
  /** By column. */
  sqlTypes: ReadonlyMap<string, string>;
  /** Training rows, the first in drawing order. */
  sample: RawBatch;
  holdOut: Pick<Scored, 'y' | 'predictions'>;
}

/**
 * Columns and target are those of the training rows: counts, shares and ranges of all of them, numbers of a seeded sample.
 * The scores are those of hold-out rows: a model is surer of rows that it has learned than of any that will come, so a
 * window would differ from these for ever.
 */
export function describeReference({
  of,
  signature,
  profile,
  sqlTypes,
  sample,
  holdOut,
}: ReferenceRows): Distributions {
  const columns = signature.inputs.map(({ name: column, columnType }): ColumnDistribution => {
    const found = profileOf(profile, column);
    return {
      name: column,
      type: columnType,
      missing: found.rows === 0 ? 0 : found.missing / found.rows,
      ...(sqlTypes.get(column) === 'FLOAT' ? { float32: true } : {}),
      ...(columnType === 'string' || columnType === 'boolean'
        ? { categories: categoriesIn(found) }
        : { min: found.min, max: found.max, numbers: ascending(sample, column) }),
    };
  });
  const measures = columns.filter(isMeasure).map((column) => sample.columns[column.name] as Float64Array);
  const { score, ...model } = judgeHoldOut(signature, holdOut);
  return {
    of,
    rows: profileOf(profile, signature.target).rows,
    columns,
    score,
    label: labelsOf(profileOf(profile, signature.target), signature, sample),
    model: { ...model, outliers: fitOutliers(measures) },
  };
}

/** In the order in which rows are drawn, which is seeded: the same rows every time. */
async function readSample(table: Table, signature: Signature, signal: AbortSignal): Promise<RawBatch> {
  const columns = [...signature.inputs.map(({ name }) => name), signature.target];
  const limit = sampleRows(columns.length, MAX_SAMPLE);
  const what = { columns: [...new Set(columns)], side: 'train' as const, limit, batchRows: limit };
  for await (const batch of table.read(what, { signal })) return batch;
  throw new PerennialError('DATASET_UNUSABLE', 'The dataset has no training rows.', { field: 'split' });
}

function profileOf(profile: ReferenceRows['profile'], column: string): ReferenceRows['profile'][number] {
  const found = profile.find(({ name }) => name === column);
  if (found) return found;
  throw new PerennialError('INTERNAL', `The profile lacks the column ${column}.`);
}

function ascending({ columns }: RawBatch, column: string): Float64Array {
  return sortNumbers(columns[column] as Float64Array);
}

function categoriesIn({
  type,
  rows,
  missing,
  distinct,
  top = [],
}: ReferenceRows['profile'][number]): Categories {
  const isTrue = (value: string) => /^(true|t|1)$/i.test(value);
  const counted = top.map(({ value, count }): [string, number] => [
    type === 'boolean' ? String(isTrue(value)) : categoryOf(value),
    count,
  ]);
  const other = rows - missing - counted.reduce((sum, [, count]) => sum + count, 0);
  return { top: counted, other, ...(distinct <= top.length ? { once: countOnce(counted) } : {}) };
}

/** Classes by their names in the signature, as `truthOf` gives a label. */
function labelsOf(profile: ReferenceRows['profile'][number], signature: Signature, sample: RawBatch): Values {
  if (signature.task === 'regression') return { numbers: ascending(sample, signature.target) };
  const top = (profile.top ?? []).map(({ value, count }): [string, number] => [
    String(truthOf(signature, value) ?? value),
    count,
  ]);
  return { categories: { top, other: 0 } };
}

async function answerHoldOut(
  { store }: TrainerDependencies,
  definition: Definition,
  { digest, signature }: ModelVersionRow,
  table: Table,
): Promise<Scored> {
  const { classes } = signature;
  const limit = definition.sample.evaluate === 'all' ? undefined : definition.sample.evaluate;
  const holdOut = { table, definition, facts: { classes }, limit, signal: cancellationSignal() };
  return withSession(await store.artifacts.get(digest), (session) => scoreHoldOut(session, holdOut));
}

function judgeHoldOut(
  signature: Signature,
  { y, predictions }: Pick<Scored, 'y' | 'predictions'>,
): Omit<ModelFacts, 'outliers'> & { score: Float64Array } {
  const { score, labels, confidence } = read(signature, predictions);
  const losses = Float64Array.from(y, (truth, row) =>
    labels ? Number(labels[row] !== truth) : Math.abs(predictions[row] - truth),
  );
  const realised = moments(losses);
  const facts = {
    task: signature.task,
    loss: lossOf(signature),
    realised,
    score: sortNumbers(score.subarray(0, MAX_SAMPLE)),
  };
  if (!confidence) return facts;
  const calibration = fitCalibration(
    confidence,
    Uint8Array.from(losses, (loss) => 1 - loss),
  );
  const { accuracy } = estimateAccuracy(calibration, confidence);
  return {
    ...facts,
    calibration,
    estimated: { estimated: accuracy, realised: 1 - realised.mean, rows: y.length },
  };
}
