import { candidatesOf } from '../../config/portfolio.ts';
import { PerennialError } from '../../config/errors.ts';
import { computeMetrics } from '../../learning/metrics/compute.ts';
import { NumericalError } from '../../learning/numerical.ts';
import type { Fold } from '../../learning/split.ts';
import type { ArtifactStore } from '../../store/types.ts';
import type { CandidateInput, CandidateResult } from '../../workflows/messages.ts';
import type { TrainerOutcome } from '../../workflows/trainerMessages.ts';
import { judgeFolds, keptResult, recordLate, recordResult } from '../candidateRow.ts';
import type { TrainerDependencies } from '../dependencies.ts';
import { featureReader, problemOf, type Features } from '../features.ts';
import { foldsOf } from '../folds.ts';
import { onShare } from '../train.ts';
import { parseAnswer, readAnswers, WrongAnswer, type Answer } from './answer.ts';

export function externalScoreActivities({ store }: TrainerDependencies) {
  const readFeatures = featureReader(store.artifacts);
  return {
    /**
     * Scores what a trainer of one's own answered for the folds, by the metrics of every other candidate, and records it.
     * A wrong answer, or none, is a candidate without a score, and says why.
     */
    async scoreExternal({
      outcome,
      ...input
    }: CandidateInput & { outcome: TrainerOutcome }): Promise<CandidateResult> {
      const kept = await keptResult(store, input);
      if (kept) return kept;
      const { name, run, index, trial } = input;
      const definition = await store.definitions.get(input.definitionHash);
      const features = await readFeatures(input.featuresDigest);
      const spec = candidatesOf(definition, features.facts)[index];
      if (!spec) throw new PerennialError('INTERNAL', `There is no candidate ${index}.`);
      if ('failure' in outcome) {
        const { late, ...row } = outcome.failure;
        return late ? recordLate(store, input, spec, row) : recordResult(store, input, spec, row);
      }
      const problem = problemOf(features);
      const share = trial?.share ?? 1;
      const { folds } = onShare(definition, { spec, problem, share }, foldsOf(features, definition));
      try {
        const answer = parseAnswer(outcome.answer);
        const scores = await scoreFolds(store.artifacts, answer, features, folds);
        const row = judgeFolds(scores, definition.select, features.facts.task);
        // What was answered stays with the run: the score can be computed again.
        const role = trial ? `answers/${index}/${trial.rung}` : `answers/${index}`;
        await store.runs.addArtifact(name, run, role, answer.answersDigest);
        return await recordResult(store, input, spec, { ...row, durationMs: answer.durationMs });
      } catch (error) {
        if (!(error instanceof WrongAnswer || error instanceof NumericalError)) throw error;
        return recordResult(store, input, spec, { status: 'refused', reason: error.message });
      }
    },
  };
}

async function scoreFolds(
  artifacts: ArtifactStore,
  { answersDigest }: Answer,
  { facts: { task, classes, positive }, y }: Features,
  folds: readonly Fold[],
): Promise<Record<string, number>[]> {
  const width = classes?.length ?? 1;
  const parts = Object.fromEntries(folds.map(({ test }, k) => [`fold_${k}`, test.length]));
  const answers = await readAnswers(artifacts, answersDigest, parts, width);
  return folds.map(({ test }, k) => {
    const truth = Float64Array.from(test, (row) => y[row]);
    return { ...computeMetrics(task, width, positive, truth, answers[`fold_${k}`]) };
  });
}
