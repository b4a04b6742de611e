import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { requireTrained } from '../store/trained.ts';
import type { ModelVersionRow, Store, TrainedVersionRow } from '../store/types.ts';
import { readEvaluation } from './evaluationFile.ts';
import { writeNewFolder } from './newFolder.ts';

export interface ExportedModel {
  name: string;
  version: number;
  digest: string;
  /** Absolute. */
  directory: string;
  /** Relative to the folder. */
  files: string[];
}

/**
 * Writes model.onnx, signature.json, golden.json, metrics.json, evaluation.json, explanation.json, lineage.json, report.html and
 * pictures/*.svg into a folder of their own. The folder appears at once and whole, by a rename. Of an imported
 * version: the file as it was given, and no evaluation.
 *
 * @throws PerennialError INVALID_INPUT where something lies there already.
 */
export async function exportModel(store: Store, model: ModelVersionRow, out: string): Promise<ExportedModel> {
  const { directory, written } = await writeNewFolder(out, (folder) => writeAll(store, model, folder));
  return { name: model.name, version: model.version, digest: model.digest, directory, files: written };
}

async function writeAll(store: Store, model: ModelVersionRow, folder: string): Promise<string[]> {
  const { artifacts } = store;
  const { name, version, digest, signature, imported } = model;
  const files: string[] = [];
  const write = async (path: string, content: Uint8Array | object): Promise<void> => {
    await writeFile(
      join(folder, path),
      content instanceof Uint8Array ? content : `${JSON.stringify(content, null, 2)}\n`,
    );
    files.push(path);
  };
  await write('model.onnx', await artifacts.get(digest));
  await write('signature.json', signature);
  await write('golden.json', await artifacts.get(model.goldenDigest));
  if (imported) {
    await write('imported.onnx', await artifacts.get(imported.file));
    const { code, createdAt } = model;
    await write('lineage.json', { name, version, digest, createdAt, imported, code });
    return files;
  }
  const trained = requireTrained(model, 'an evaluation is kept');
  const { metrics, cv } = trained;
  const evaluation = await readEvaluation(store, trained.evaluationDigest);
  await write('metrics.json', { name, version, cv, test: metrics });
  await write('evaluation.json', evaluation);
  if (evaluation.explanationDigest !== undefined)
    await write('explanation.json', await artifacts.get(evaluation.explanationDigest));
  await write('lineage.json', await lineage(store, trained));
  await write('report.html', await artifacts.get(evaluation.reportDigest));
  await mkdir(join(folder, 'pictures'));
  for (const [picture, at] of Object.entries(evaluation.pictures))
    await write(join('pictures', `${picture}.svg`), await artifacts.get(at));
  return files;
}

/** From which data, by which definition and code this very file came. */
async function lineage(store: Store, model: TrainedVersionRow): Promise<object> {
  const {
    name,
    version,
    digest,
    runNumber,
    definitionHash,
    datasetDigest,
    learner,
    params,
    code,
    createdAt,
  } = model;
  const [definition, dataset, run] = await Promise.all([
    store.definitions.get(definitionHash),
    store.datasets.get(datasetDigest),
    store.runs.get(name, runNumber),
  ]);
  return {
    name,
    version,
    digest,
    createdAt,
    run: { number: runNumber, workflowId: run?.workflowId, startedAt: run?.startedAt, endedAt: run?.endedAt },
    dataset: { digest: datasetDigest, rows: dataset.rows, sources: dataset.sources, query: dataset.query },
    learner,
    params,
    seed: definition.seed,
    code,
    definition: { hash: definitionHash, ...definition },
  };
}
