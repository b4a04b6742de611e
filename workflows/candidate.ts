import { setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import { searchAttributes } from '../config/searchAttributes.ts';
import type { CandidateInput, CandidateResult } from './messages.ts';
import { candidateOptions, trainer, trainerOptions } from './options.ts';
import { askTrainer } from './trainer/askTrainer.ts';

/** One point of the search space: k folds, one score. */
export async function candidate(input: CandidateInput): Promise<CandidateResult> {
  const result = await crossValidated(input);
  if (result.status !== 'done') {
    setCurrentDetails(`**${result.learner}** ${result.status}: ${result.reason}`);
    upsertSearchAttributes([{ key: searchAttributes.learner, value: result.learner }]);
    return result;
  }
  setCurrentDetails(
    `**${result.learner}** ${JSON.stringify(result.params)}\n\nscore ${result.mean.toFixed(5)} ± ${result.std.toFixed(5)}${result.stopped ? ' on its first folds: hopeless' : ''}`,
  );
  upsertSearchAttributes([
    { key: searchAttributes.learner, value: result.learner },
    { key: searchAttributes.score, value: result.mean },
  ]);
  return result;
}

/** By a learner of the shelf, or by a trainer of one's own, whose answers are scored here. */
async function crossValidated(input: CandidateInput): Promise<CandidateResult> {
  const summary = `Cross-validate candidate ${input.index}`;
  const result = await trainer.trainCandidate.executeWithOptions({ ...candidateOptions, summary }, [input]);
  if (result.status !== 'external') return result;
  const outcome = await askTrainer('answerFolds', result.request, summary);
  return trainer.scoreExternal.executeWithOptions(
    { ...trainerOptions, summary: `Score candidate ${input.index}` },
    [{ ...input, outcome }],
  );
}
