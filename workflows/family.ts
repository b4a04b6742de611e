import { setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import { searchAttributes } from '../config/searchAttributes.ts';
import type { CandidateResult, FamilyInput } from './messages.ts';
import { candidateOptions, shortSummary, trainer } from './options.ts';

/** Several points of the search space that one fit a fold scores: they differ only in what their learner's `family` names. */
export async function family(input: FamilyInput): Promise<CandidateResult[]> {
  const summary = shortSummary(`Cross-validate candidates ${input.indices.join(', ')}`);
  const results = await trainer.trainFamily.executeWithOptions({ ...candidateOptions, summary }, [input]);
  setCurrentDetails(results.map(describe).join('\n\n'));
  upsertSearchAttributes([{ key: searchAttributes.learner, value: results[0].learner }]);
  return results;
}

function describe(result: CandidateResult): string {
  const { index, learner } = result;
  if (result.status !== 'done') return `${index}: **${learner}** ${result.status}: ${result.reason}`;
  const { params, mean, std } = result;
  return `${index}: **${learner}** ${JSON.stringify(params)} score ${mean.toFixed(5)} ± ${std.toFixed(5)}`;
}
