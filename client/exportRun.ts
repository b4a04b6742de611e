import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeFeatures, type FeatureFacts } from '../activities/features.ts';
import { PerennialError } from '../config/errors.ts';
import type { ForeignSignature } from '../config/foreignSignature.ts';
import { METRICS, type MetricName } from '../learning/metrics/names.ts';
import type { RunRow, Store } from '../store/types.ts';
import { writeNewFolder } from './newFolder.ts';
import { writeRunRows } from './runRows.ts';
import { makeScratch } from './scratch.ts';
import { summarize, type TrainingSummary } from './summary.ts';

export interface ExportedRun {
  name: string;
  run: number;
  /** Absolute. */
  directory: string;
  /** Relative to the folder. */
  files: string[];
  /** On each side, and of the training side those that the search looked at. */
  rows: { train: number; test: number; search: number };
}

/** run.json: what a trainer of another language needs beside the rows. */
export interface RunFacts extends Omit<ExportedRun, 'directory' | 'files'> {
  apiVersion: 1;
  target: string;
  task: FeatureFacts['task'];
  metric: { name: MetricName; better: 'higher' | 'lower' };
  folds: number;
  /** A column that holds them. */
  weight?: string;
  seed: number;
  /** Training rows that the winner was fitted on again; the first of them. */
  refitRows: number;
  /** Of this run: the candidate that was taken, its mean over the folds and its score on the hold-out. */
  winner: (NonNullable<TrainingSummary['best']> & { cv: number | null; test: number | null }) | null;
  datasetDigest: string;
  definitionHash: string;
}

/**
 * Writes what a run learned from into a folder of its own, for trainers in other languages: rows.parquet with the side
 * and the folds of every row, signature.json as `model import` takes it, and run.json.
 *
 * @throws PerennialError INVALID_INPUT where something lies there already, or the run has no features
 */
export async function exportRun(store: Store, run: RunRow, out: string): Promise<ExportedRun> {
  const { name, number, definitionHash, datasetDigest, featuresDigest } = run;
  if (datasetDigest === undefined || featuresDigest === undefined) throw tooEarly(run);
  const [definition, features, summary] = await Promise.all([
    store.definitions.get(definitionHash),
    store.artifacts.get(featuresDigest).then(decodeFeatures),
    summarize(store, run, () => undefined),
  ]);
  const { directory, written: rows } = await writeNewFolder(out, async (folder) => {
    const scratch = await makeScratch('export');
    try {
      const snapshot = join(scratch.path, 'dataset.parquet');
      await store.artifacts.getFile(datasetDigest, snapshot);
      const counts = await writeRunRows(join(folder, 'rows.parquet'), {
        ...{ snapshot, definition, features, scratch: scratch.path },
      });
      const { target, weight, seed, select, sample } = definition;
      const metric = summary.metric?.name as MetricName;
      const winner = summary.chosen ?? summary.best;
      const facts: RunFacts = {
        ...{ apiVersion: 1, name, run: number, rows: counts, target, task: features.facts.task },
        ...{ metric: { name: metric, better: METRICS[metric].better }, folds: select.folds },
        ...(weight === undefined ? {} : { weight }),
        ...{ seed, refitRows: Math.min(counts.train, sample.refit === 'all' ? counts.train : sample.refit) },
        winner: winner && {
          ...{ algorithm: winner.algorithm, params: winner.params },
          ...{ cv: summary.metric?.cv ?? null, test: summary.metric?.test ?? null },
        },
        ...{ datasetDigest, definitionHash },
      };
      await writeJson(join(folder, 'run.json'), facts);
      await writeJson(join(folder, 'signature.json'), foreignSignature(features.facts, target));
      return counts;
    } finally {
      await scratch.remove();
    }
  });
  return { name, run: number, directory, files: ['rows.parquet', 'run.json', 'signature.json'], rows };
}

/** The columns that this run's own models read, and what they answer. */
export function foreignSignature(
  { task, classes, positive, encoders }: FeatureFacts,
  target: string,
): ForeignSignature {
  return {
    ...{ target, task },
    inputs: encoders.inputs.map(({ name, columnType }) => ({ name, columnType })),
    ...(classes ? { classes } : {}),
    ...(classes && positive !== undefined ? { positive: classes[positive] } : {}),
  };
}

function writeJson(path: string, content: object): Promise<void> {
  return writeFile(path, `${JSON.stringify(content, null, 2)}\n`);
}

function tooEarly({ name, number, status, reason = '' }: RunRow): PerennialError {
  return new PerennialError(
    'INVALID_INPUT',
    `${name}/${number} has no folds that could be exported: it is ${status}${reason ? ` (${reason})` : ''}.`,
    { field: 'run', value: `${name}/${number}`, expected: 'a run that came as far as its search' },
  );
}
