import { ApplicationFailure } from '@temporalio/workflow';
import type { RefitInput, RefitResult } from '../messages.ts';
import { trainer, trainerOptions } from '../options.ts';
import { askTrainer } from './askTrainer.ts';

/**
 * Fits the winner again and makes its file: here, or by the trainer that has its learner, whose file then passes the
 * gate of foreign models.
 *
 * @throws LEARNER_REFUSED where that trainer does not give one
 */
export async function refitWinner(chosen: RefitInput): Promise<RefitResult> {
  const summary = `Refit candidate ${chosen.candidate}`;
  const result = await trainer.refit.executeWithOptions({ ...trainerOptions, summary }, [chosen]);
  if (!('request' in result)) return result;
  const outcome = await askTrainer('fitModel', result.request, summary);
  if ('failure' in outcome) {
    const { reason } = outcome.failure;
    const { taskQueue, question } = result.request;
    const learner = `${taskQueue}/${question.learner}`;
    throw ApplicationFailure.create({
      type: 'LEARNER_REFUSED',
      message: `${learner} won the search and was not fitted again: ${reason}.`,
      nonRetryable: true,
      details: [{ field: 'search', value: learner, expected: 'a trainer that is there, and fits it' }],
    });
  }
  return trainer.adoptExternal.executeWithOptions(
    { ...trainerOptions, summary: 'Take over its model file' },
    [{ ...chosen, answer: outcome.answer }],
  );
}
