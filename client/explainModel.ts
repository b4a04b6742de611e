import { PerennialError } from '../config/errors.ts';
import type { StoredExplanation } from '../learning/explain/stored.ts';
import type { Importance } from '../learning/importance.ts';
import { requireTrained } from '../store/trained.ts';
import type { ModelVersionRow, Store } from '../store/types.ts';
import { readEvaluation } from './evaluationFile.ts';

/** Why a version answers as it does, as its training found on hold-out rows. */
export interface ModelExplanation extends StoredExplanation {
  name: string;
  version: number;
  /** The metric that the importance is of. */
  metric: string;
  /** Permutation importance of the raw columns. */
  importance: Importance[];
}

/** @throws PerennialError NOT_FOUND where the version is older than explanations */
export async function explainModel(store: Store, model: ModelVersionRow): Promise<ModelExplanation> {
  const { name, version } = model;
  const { evaluationDigest } = requireTrained(model, 'an explanation is kept');
  const evaluation = await readEvaluation(store, evaluationDigest);
  if (evaluation.explanationDigest === undefined) {
    throw new PerennialError('NOT_FOUND', `${name}@${version} was trained before explanations were kept.`, {
      field: 'version',
      value: `${name}@${version}`,
      expected: 'a version of a newer training; the gateway explains rows of this one (`explain: true`)',
    });
  }
  const bytes = await store.artifacts.get(evaluation.explanationDigest);
  const stored = JSON.parse(new TextDecoder().decode(bytes)) as StoredExplanation;
  const { importance = [] } = evaluation;
  return { name, version, metric: evaluation.selectedBy, importance, ...stored };
}
