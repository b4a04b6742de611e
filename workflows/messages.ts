import type { ParamValue } from '../config/definition.ts';
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { CheckResult, Verdict } from '../decisions/checks.ts';
import type { ComparedRows } from '../decisions/gate.ts';
import type { HalvingPlan } from '../decisions/search/halving.ts';
import type { Standing, StopRule } from '../decisions/search/hopeless.ts';
import type { CandidateFailure, FailedCandidate } from '../decisions/search/outcome.ts';
import type { Choice } from '../decisions/simplest.ts';
import type { RolloutInput } from './rolloutMessages.ts';

/** Everything that crosses the border of a workflow, and the ids under which workflows are found. */

// ---- ids and queues ------------------------------------------------------------------------------------------

export const ids = {
  training: (name: string, run: number) => `training/${name}/${run}`,
  search: (name: string, run: number) => `training/${name}/${run}/search`,
  candidate: (name: string, run: number, index: number) => `training/${name}/${run}/candidate/${index}`,
  /** @param first of the candidates that are trained together */
  family: (name: string, run: number, first: number) => `training/${name}/${run}/family/${first}`,
  trial: (name: string, run: number, index: number, rung: number) =>
    `training/${name}/${run}/candidate/${index}/rung/${rung}`,
  rollout: (name: string, number: number) => `rollout/${name}/${number}`,
  lifecycle: (name: string) => `lifecycle/${name}`,
  watch: (name: string) => `watch/${name}`,
  notice: (name: string, id: string) => `notice/${name}/${id}`,
  /** Of the Temporal Schedule, and of the workflow that each of its starts is. */
  schedule: (name: string) => `retrain/${name}`,
};

export const queues = {
  /** Workflows and short activities. */
  orchestrator: 'perennial-orchestrator',
  /** Whatever reads a dataset. */
  trainer: 'perennial-trainer',
  /** Candidates of searches, of which a trainer takes no more at a time than its threads are worth. */
  candidates: 'perennial-candidates',
};

// ---- training ------------------------------------------------------------------------------------------------

export interface TrainingInput {
  name: string;
  run: number;
  definitionHash: string;
  /** Absolute; relative source paths start there. Not part of the definition, so not of the lineage. */
  baseDirectory: string;
  /** Of a lifecycle's training: rows are those known at this moment (ISO 8601), in the window of `retrain`. */
  asOf?: string;
  /** Of a lifecycle's training: the lifecycle starts the rollout. */
  managed?: boolean;
}

export const STAGES = ['ingest', 'validate', 'featurize', 'search', 'evaluate', 'register'] as const;
export type Stage = (typeof STAGES)[number];

/** How a training ended. A judgement that says no is an outcome, not an error. */
export type TrainingOutcome = 'registered' | 'checks-failed' | 'gate-refused';

export interface TrainingResult {
  outcome: TrainingOutcome;
  name: string;
  run: number;
  /** Why the gate or the checks said no; the verdict's sentence otherwise. */
  reason: string;
  version?: number;
  /** True where this very model was a version already. */
  existing?: boolean;
  /** SHA-256 of the ONNX file. */
  digest?: string;
  champion?: boolean;
  /** The champion that it was compared with. */
  comparedWith?: number;
  /** Of a lifecycle's training that no rule can judge, but a person: the candidate whose model that is. */
  undecided?: { candidate: number };
  /** Workflow id of the rollout that was started by itself. */
  rollout?: string;
}

export interface CandidateScore {
  index: number;
  learner: string;
  params: Record<string, ParamValue>;
  /** Mean and standard deviation (ddof 0, as scikit-learn's std_test_score) of the folds' scores. */
  mean: number;
  std: number;
}

export interface TrainingProgress {
  name: string;
  run: number;
  stages: { stage: Stage; state: 'waiting' | 'running' | 'done' | 'failed'; note?: string }[];
  metric?: { name: string; better: 'higher' | 'lower' };
  candidates?: {
    total: number;
    done: number;
    failed: number;
    running: number;
    parallelism: number;
    /** Of successive halving: candidates scored with the whole resource. */
    full?: number;
  };
  best?: CandidateScore;
}

export const progressQuery = defineQuery<TrainingProgress>('progress');
/** Changes how many candidates are under way at the same time, 1 to 64. */
export const setParallelism = defineUpdate<number, [number]>('setParallelism');

// ---- search --------------------------------------------------------------------------------------------------

export interface SearchInput {
  name: string;
  run: number;
  definitionHash: string;
  featuresDigest: string;
  total: number;
  metric: { name: string; better: 'higher' | 'lower' };
  parallelism: number;
  /** As of FeaturizeResult. */
  families?: number[][];
  stopEarly?: Pick<StopRule, 'window'>;
  /** After that no candidate begins. */
  searchMs?: number;
  /** Carried over when a long search continues as new. */
  carried?: SearchState;
}

export interface HalvingInput extends Omit<SearchInput, 'carried' | 'families' | 'stopEarly'> {
  plan: Pick<HalvingPlan, 'shares' | 'reduction' | 'window'>;
  carried?: HalvingCarried;
}

/** Enough to continue as new: all trials have ended by then. */
export interface HalvingCarried {
  /** Candidate, rung and mean (null: none) of each trial, in the order in which they began. */
  trials: [candidate: number, rung: number, mean: number | null][];
  /** How many of their results were read. */
  read: number;
  best?: CandidateScore;
  leading?: CandidateScore & { rung: number };
  refusal?: Refusal;
  parallelism: number;
  until?: string;
}

export interface SearchState {
  next: number;
  done: number;
  failed: number;
  best?: CandidateScore;
  /** Of the candidates without a score the one that stands first in the grid. */
  refusal?: Refusal;
  parallelism: number;
  /** When its time is over, ISO 8601. */
  until?: string;
  /** Of a search that stops hopeless candidates: how many it stopped, and what the next ones are held against. */
  stopped?: number;
  standing?: Standing;
}

export interface Refusal extends FailedCandidate {
  index: number;
}

export interface SearchResult {
  done: number;
  failed: number;
  best?: CandidateScore;
  refusal?: Refusal;
  /** Candidates that did not begin before the time was over. */
  untried?: number;
  /** Those of the `done` that were stopped as they were hopeless. */
  stopped?: number;
  /** Of successive halving: those of the `done` that have the whole resource. */
  full?: number;
}

/** From training to its search. */
export const searchParallelism = defineSignal<[number]>('searchParallelism');
/** From a search to its training, at most 100 times in a search's life. */
export const searchProgress =
  defineSignal<[Pick<SearchState, 'done' | 'failed' | 'best'> & { running: number; full?: number }]>(
    'searchProgress',
  );

// ---- candidate -----------------------------------------------------------------------------------------------

export interface CandidateInput {
  name: string;
  run: number;
  index: number;
  definitionHash: string;
  featuresDigest: string;
  /** Of successive halving; absent: once, with the whole resource. */
  trial?: { rung: number; share: number };
  /** When it is ended at the latest, ISO 8601. */
  until?: string;
  /** It ends once it cannot come up to this mean. */
  toBeat?: number;
}

/** Candidates that are trained together; two of them at least. */
export interface FamilyInput extends Pick<
  CandidateInput,
  'name' | 'run' | 'definitionHash' | 'featuresDigest'
> {
  /** Ascending. */
  indices: number[];
}

export type CandidateResult =
  /** `stopped`: hopeless, and the score that of its first folds. */
  | ({ status: 'done'; stopped?: true } & CandidateScore)
  /** `late`: the time of the whole search was over, not its own. */
  | { status: CandidateFailure; index: number; learner: string; reason: string; late?: true };

// ---- what the stages' activities take and give ---------------------------------------------------------------

/** What most stages take. */
export interface StageInput {
  name: string;
  run: number;
  definitionHash: string;
  baseDirectory: string;
  asOf?: string;
}

export interface IngestResult {
  datasetDigest: string;
  rows: number;
  columns: number;
  bytes: number;
  /** True where the snapshot was there already. */
  existing: boolean;
  /** Of a retraining on the prediction log, of whose rows `unfit` cannot be of this dataset. */
  logged?: { rows: number; unfit: number };
}

export interface ValidateResult {
  verdict: Verdict;
  counts: Record<Verdict, number>;
  /** The worst few; all of them stand in Postgres. */
  worst: Pick<CheckResult, 'title' | 'verdict' | 'message'>[];
}

export interface FeaturizeResult {
  featuresDigest: string;
  task: 'binary' | 'multiclass' | 'regression';
  metric: { name: string; better: 'higher' | 'lower' };
  /** Rows in training and hold-out, and of these in the search sample. */
  trainRows: number;
  testRows: number;
  sampleRows: number;
  features: number;
  candidates: number;
  folds: number;
  /** Which candidate is taken; absent: the best. */
  rule?: 'best' | 'oneStandardError';
  parallelism: number;
  /** Indices of candidates that one fit scores, each ascending; who stands in none is trained alone. */
  families?: number[][];
  /** Hopeless candidates are stopped. */
  stopEarly?: SearchInput['stopEarly'];
  /** Of successive halving: its rungs on these rows. */
  halving?: HalvingInput['plan'];
  searchMs?: number;
  /** What the gate will ask of the hold-out. */
  gate: { atLeast?: number; atMost?: number; tolerance: number };
}

export interface RefitInput extends StageInput {
  datasetDigest: string;
  featuresDigest: string;
  candidate: number;
  /** Why it is this candidate, where a rule other than the best mean said so. */
  choice?: Choice;
}

export interface RefitResult {
  modelDigest: string;
  goldenDigest: string;
  refitRows: number;
}

export interface EvaluateResult {
  evaluationDigest: string;
  testRows: number;
  /** The hold-out's metrics by name. */
  metrics: Record<string, number>;
  /** The current champion's metric on the rows that are compared, where there is one that can answer. */
  champion?: { version: number; metric: number } | { version: number; incomparable: string };
  /** Of a retraining: the hold-out rows that are compared. Absent: all of them. */
  compared?: ComparedRows;
}

export interface RegisterResult {
  version: number;
  existing: boolean;
  champion: boolean;
  /** To be started as a child that outlives the training: the definition's `canary` says so and there is a champion. */
  rollout?: RolloutInput;
  /** Why it is not, where the definition says so all the same. */
  noRollout?: string;
}
