import type { ParamValue } from '../config/definition.ts';
import type { CandidateFailure } from '../decisions/search/outcome.ts';

/** What a trainer of one's own is asked on its task queue, and what it answers; docs/trainers.md describes both. */

/** `answerFolds` gives a TrainerAnswer without `modelDigest`, `fitModel` one with it. */
export type TrainerActivity = 'answerFolds' | 'fitModel';

/** JSON; the data lies in artifacts, named by the SHA-256 of their bytes. */
export interface TrainerQuestion {
  apiVersion: 1;
  /** Of the run, for logs. */
  name: string;
  run: number;
  candidate: number;
  learner: string;
  /** As the definition declares them; what is left out is the learner's own default. */
  params: Record<string, ParamValue>;
  /** 0 to 2^32 - 1, of everything random. */
  seed: number;
  task: 'binary' | 'multiclass' | 'regression';
  /** An answer to a row is so many probabilities, or one number (1). */
  classes: number;
  /** Of the features artifact: `x` F32 [rows, columns], `y` F64 [rows], perhaps `weights` F64 [rows]. */
  rows: number;
  columns: number;
  featuresDigest: string;
  /** `train_0`, `test_0` and so on, I32 indices of rows. Of `fitModel` only where its fold answers calibrate the model. */
  foldsDigest?: string;
  /** Of `fitModel`: `x` F32 [?, columns], rows that the fitted model is to answer as its file will. */
  rowsDigest?: string;
  /** What the trainer has to keep: time from when it begins to compute, and memory of what computes. */
  limits: { ms?: number; bytes?: number };
}

export interface TrainerAnswer {
  apiVersion: 1;
  /** `fold_0` and so on of `answerFolds`, `rows` of `fitModel`: F64 or F32 [rows, classes], row-major. */
  answersDigest: string;
  /** Of an ONNX file: float [N, columns] in, a label and probabilities, or one number, out. */
  modelDigest?: string;
  /** What computed it, by name: stands in the version's lineage. */
  packages: Record<string, string>;
  /** How long it computed. */
  durationMs?: number;
}

/** A question, to whom, and how long is waited for an answer. */
export interface TrainerRequest {
  taskQueue: string;
  startWithinMs: number;
  /** From its beginning. */
  closeWithinMs: number;
  /** What is left of the search's time (budget.searchMs) from now, which bounds both. Absent: nothing does. */
  searchMs?: number;
  question: TrainerQuestion;
}

export type TrainerOutcome =
  /** The JSON that was answered, unread: it is held against the contract by the activity that scores it. */
  { answer: string } | { failure: { status: CandidateFailure; reason: string; late?: true } };

/** In place of a result: the candidate is a trainer's, who is to be asked. */
export interface AskedTrainer {
  status: 'external';
  request: TrainerRequest;
}
