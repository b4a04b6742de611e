import type { Definition } from '../config/definition.ts';
import type { ComparedRows } from '../decisions/gate.ts';
import type { Choice } from '../decisions/simplest.ts';
import type { Evaluation } from '../learning/metrics/report.ts';
import type { Importance } from '../learning/importance.ts';
import type { Signature, Store } from '../store/types.ts';

/** What evaluating leaves behind, one JSON artifact; its pictures are artifacts of their own. */
export interface StoredEvaluation {
  /** The metric that the search selected by. */
  selectedBy: string;
  /** Why it was this candidate, where a rule other than the best mean said so. */
  choice?: Choice;
  /** What its probabilities went through, where the definition asked for it. */
  calibrate?: Definition['calibrate'];
  signature: Signature;
  /** On the hold-out. */
  metrics: Record<string, number>;
  evaluation: Evaluation;
  /** Permutation importance of the raw columns on hold-out rows. */
  importance: Importance[];
  /** Of the artifact with Shapley values and partial dependence; absent in what older releases wrote. */
  explanationDigest?: string;
  rows: { train: number; refit: number; test: number; evaluated: number };
  /** Of a retraining: the hold-out rows that it was compared with its champion on. */
  compared?: ComparedRows;
  /** Digests of SVG pictures by name, and of the report page. */
  pictures: Record<string, string>;
  reportDigest: string;
}

export async function readEvaluation(store: Store, digest: string): Promise<StoredEvaluation> {
  return JSON.parse(new TextDecoder().decode(await store.artifacts.get(digest))) as StoredEvaluation;
}
