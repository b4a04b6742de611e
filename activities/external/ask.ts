import type { Definition } from '../../config/definition.ts';
import type { CandidateSpec } from '../../config/search.ts';
import { PerennialError } from '../../config/errors.ts';
import { withoutFold, type Fold } from '../../learning/split.ts';
import type { ArtifactStore, Store } from '../../store/types.ts';
import type { CandidateInput } from '../../workflows/messages.ts';
import type { AskedTrainer, TrainerQuestion, TrainerRequest } from '../../workflows/trainerMessages.ts';
import type { FeatureFacts, Features } from '../features.ts';
import { encodeTensors, type Tensor } from '../tensors.ts';

/** As long as any step that reads a dataset. */
const CLOSE_WITHIN_MS = 6 * 3_600_000;

interface Asked {
  spec: CandidateSpec;
  /** Of this trial. */
  params: CandidateSpec['params'];
  seed: number;
  features: Pick<Features, 'facts'>;
  folds: Fold[];
  budget: Definition['budget'];
  /** What is left of the search's time: the trainer keeps the candidate's own, which may begin late or not be kept. */
  searchMs: number | undefined;
}

/**
 * The question for a candidate that a trainer of one's own has: the same rows and folds as every other. The folds become
 * an artifact, the same for all candidates of a search (of one rung, where it is halved by rows).
 */
export async function askForFolds(
  store: Store,
  { name, run, featuresDigest, trial }: CandidateInput,
  { spec, params, seed, features, folds, budget, searchMs }: Asked,
): Promise<AskedTrainer> {
  const { rows } = features.facts;
  const owner = { name, run, role: trial ? `folds/${trial.rung}` : 'folds' };
  const foldsDigest = await putFolds(store.artifacts, rows, folds, owner);
  return {
    status: 'external',
    request: {
      ...requestOf(spec),
      ...(searchMs === undefined ? {} : { searchMs: Math.max(1, Math.round(searchMs)) }),
      question: {
        ...questionOf({ name, run, spec, params, seed, facts: features.facts, featuresDigest }),
        foldsDigest,
        limits: {
          ...(budget?.candidateMs === undefined ? {} : { ms: budget.candidateMs }),
          ...(budget?.candidateBytes === undefined ? {} : { bytes: budget.candidateBytes }),
        },
      },
    },
  };
}

/** How the winner's trainer is asked, which may take as long as a refit here. */
export function requestForModel(spec: CandidateSpec, question: TrainerQuestion): TrainerRequest {
  return { ...requestOf(spec), question };
}

interface Subject {
  name: string;
  run: number;
  spec: CandidateSpec;
  params: CandidateSpec['params'];
  seed: number;
  facts: FeatureFacts;
  featuresDigest: string;
}

/** What every question says; folds and rows are added. */
export function questionOf({
  name,
  run,
  spec,
  params,
  seed,
  facts,
  featuresDigest,
}: Subject): TrainerQuestion {
  const { task, classes, rows, columns } = facts;
  const { learner } = trainerOf(spec);
  return {
    ...{ apiVersion: 1, name, run, candidate: spec.index, learner, params, seed },
    ...{ task, classes: classes?.length ?? 1, rows, columns, featuresDigest, limits: {} },
  };
}

/** Puts which rows each fold learns from and answers for. @returns the artifact's digest */
export async function putFolds(
  artifacts: ArtifactStore,
  rows: number,
  folds: readonly Fold[],
  owner: { name: string; run: number; role: string },
): Promise<string> {
  const every = Int32Array.from({ length: rows }, (_, row) => row);
  const tensors: Record<string, Tensor> = {};
  folds.forEach(({ test, train = withoutFold(every, test) }, k) => {
    tensors[`train_${k}`] = train;
    tensors[`test_${k}`] = test;
  });
  const bytes = encodeTensors({ metadata: { folds: String(folds.length) }, tensors });
  return (await artifacts.put(bytes, 'folds', 'application/x-safetensors', { owner })).digest;
}

function requestOf(
  spec: CandidateSpec,
): Pick<TrainerRequest, 'taskQueue' | 'startWithinMs' | 'closeWithinMs'> {
  const { taskQueue, startWithinMs } = trainerOf(spec);
  return { taskQueue, startWithinMs, closeWithinMs: CLOSE_WITHIN_MS };
}

function trainerOf({ trainer, learner }: CandidateSpec): NonNullable<CandidateSpec['trainer']> {
  if (trainer) return trainer;
  throw new PerennialError('INTERNAL', `${learner} is no learner of a trainer of one's own.`);
}
