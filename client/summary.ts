import type { CandidateFailure } from '../decisions/search/outcome.ts';
import { METRICS } from '../learning/metrics/names.ts';
import type { CandidateRow, RunRow, RunStatus, Store } from '../store/types.ts';
import { standardErrorOfMean } from '../decisions/simplest.ts';
import { foldScore, type FoldScore } from './foldScores.ts';
import { readEvaluation } from './evaluationFile.ts';

/** What a run came to; `npx perennial train --json` prints it. */
export interface TrainingSummary {
  name: string;
  run: number;
  workflowId: string;
  uiUrl: string | null;
  outcome: RunStatus;
  /** Why it failed or was refused. */
  reason: string | null;
  version: number | null;
  champion: boolean;
  /** SHA-256 of the ONNX file; also of a model that the gate refused. */
  digest: string | null;
  task: string | null;
  /** `cv`: mean over the folds of the candidate that was taken. `test`: on the hold-out. */
  metric: { name: string; cv: number | null; test: number | null } | null;
  best: { algorithm: string; params: CandidateRow['params'] } | null;
  /** Where `select.rule` chose and not the best mean alone: the candidate that was taken, and why. */
  chosen: { algorithm: string; params: CandidateRow['params']; reason: string } | null;
  /** Best first. `chosen`: the one that was taken. */
  leaderboard: LeaderboardRow[];
  /** Those without a score: refused by their learner, out of time or out of memory. */
  refused: {
    algorithm: string;
    params: CandidateRow['params'];
    outcome: CandidateFailure;
    reason: string;
  }[];
  /** Those that successive halving stopped on the way, or that were hopeless; the one that came farthest first. */
  stopped: {
    algorithm: string;
    params: CandidateRow['params'];
    /** Of the rows, the rounds or the folds, that it was scored with last. */
    share: number;
    /** On that share, so not to be compared with those of the leaderboard. */
    cv: number;
    reason: string;
  }[];
  /** Every metric on the hold-out; null where it is undefined there. */
  metrics: Record<string, number | null>;
  dataset: { digest: string; rows: number } | null;
  definition: string;
  durationMs: number;
}

export interface LeaderboardRow {
  algorithm: string;
  params: CandidateRow['params'];
  /** Mean and standard deviation (ddof 0) over the folds. */
  cv: number;
  std: number;
  /** Standard error of `cv`, the folds taken as independent; null where a single fold is all there is. */
  standardError: number | null;
  /** Of `select.also`, by name; null where a fold's rows do not determine the metric. Absent where there is none. */
  also?: Record<string, FoldScore | null>;
  chosen?: true;
}

export async function summarize(
  store: Store,
  run: RunRow,
  uiUrl: (workflowId: string) => string | undefined,
): Promise<TrainingSummary> {
  const { name, number } = run;
  const [definition, candidates, dataset, evaluation, versions] = await Promise.all([
    store.definitions.get(run.definitionHash),
    store.candidates.list(name, number),
    run.datasetDigest ? store.datasets.get(run.datasetDigest) : undefined,
    run.evaluationDigest ? readEvaluation(store, run.evaluationDigest) : undefined,
    run.version === undefined ? [] : store.registry.list(name),
  ]);
  const metric = run.metric ?? evaluation?.selectedBy;
  const leaderboard =
    metric === undefined
      ? []
      : rank(candidates, metric, {
          also: definition.select.also?.filter((name) => name !== metric),
          chosen: evaluation?.choice?.candidate,
        });
  const best = leaderboard[0];
  const taken = leaderboard.find((row) => row.chosen);
  const ended = run.endedAt === undefined ? Date.now() : Date.parse(run.endedAt);
  return {
    name,
    run: number,
    workflowId: run.workflowId,
    uiUrl: uiUrl(run.workflowId) ?? null,
    outcome: run.status,
    reason: run.reason ?? null,
    version: run.version ?? null,
    champion: versions.some((model) => model.champion && model.version === run.version),
    digest: run.modelDigest ?? null,
    task: run.task ?? null,
    metric:
      metric === undefined
        ? null
        : { name: metric, cv: (taken ?? best)?.cv ?? null, test: evaluation?.metrics[metric] ?? null },
    best: best ? { algorithm: best.algorithm, params: best.params } : null,
    chosen:
      taken && evaluation?.choice
        ? { algorithm: taken.algorithm, params: taken.params, reason: evaluation.choice.reason }
        : null,
    leaderboard,
    refused: candidates.flatMap(({ status, learner, params, reason = '' }) =>
      status === 'done' || status === 'stopped'
        ? []
        : [{ algorithm: learner, params, outcome: status, reason }],
    ),
    stopped: metric === undefined ? [] : stoppedOf(candidates, metric),
    metrics: evaluation?.metrics ?? {},
    dataset: dataset ? { digest: dataset.digest, rows: dataset.rows } : null,
    definition: run.definitionHash,
    durationMs: ended - Date.parse(run.startedAt),
  };
}

/** Of two means the better one first. */
function signOf(metric: string): 1 | -1 {
  const better = Object.hasOwn(METRICS, metric) ? METRICS[metric as keyof typeof METRICS].better : 'higher';
  return better === 'higher' ? -1 : 1;
}

function stoppedOf(candidates: readonly CandidateRow[], metric: string): TrainingSummary['stopped'] {
  const sign = signOf(metric);
  return candidates
    .flatMap(({ status, index, learner, params, share, mean, reason = '' }) =>
      status === 'stopped' && share !== undefined && mean !== undefined
        ? [{ index, algorithm: learner, params, share, cv: mean, reason }]
        : [],
    )
    .sort((a, b) => b.share - a.share || sign * (a.cv - b.cv) || a.index - b.index)
    .map(({ algorithm, params, share, cv, reason }) => ({ algorithm, params, share, cv, reason }));
}

/** Best first; of equals the one that stands first in the grid, as the search itself decides. */
function rank(
  candidates: readonly CandidateRow[],
  metric: string,
  { also, chosen }: { also?: string[]; chosen?: number },
): LeaderboardRow[] {
  const sign = signOf(metric);
  return candidates
    .flatMap(({ index, status, learner, params, mean, std, folds }) =>
      status === 'done' && mean !== undefined
        ? [{ index, algorithm: learner, params, cv: mean, std: std ?? 0, folds }]
        : [],
    )
    .sort((a, b) => sign * (a.cv - b.cv) || a.index - b.index)
    .map(({ index, algorithm, params, cv, std, folds }) => ({
      ...{ algorithm, params, cv, std },
      standardError: folds && folds.length > 1 ? standardErrorOfMean(std, folds.length) : null,
      ...(also ? { also: Object.fromEntries(also.map((name) => [name, foldScore(folds, name)])) } : {}),
      ...(index === chosen ? { chosen: true as const } : {}),
    }));
}
