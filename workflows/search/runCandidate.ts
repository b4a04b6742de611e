import { executeChild, ParentClosePolicy } from '@temporalio/workflow';
import { searchAttributes } from '../../config/searchAttributes.ts';
import type { candidate } from '../candidate.ts';
import type { family } from '../family.ts';
import {
  ids,
  type CandidateInput,
  type CandidateResult,
  type Refusal,
  type SearchInput,
} from '../messages.ts';
import { shortSummary } from '../options.ts';

/** A child workflow that scores one candidate, with all of the resource or on one rung. */
export function runCandidate(
  { name, run, definitionHash, featuresDigest }: Pick<SearchInput, keyof CandidateInput & keyof SearchInput>,
  index: number,
  more: Pick<CandidateInput, 'trial' | 'until' | 'toBeat'> = {},
): Promise<CandidateResult> {
  const { trial } = more;
  return executeChild<typeof candidate>('candidate', {
    workflowId: trial ? ids.trial(name, run, index, trial.rung) : ids.candidate(name, run, index),
    args: [{ name, run, index, definitionHash, featuresDigest, ...more }],
    parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
    staticSummary: `Candidate ${index} of ${name}${trial ? `, rung ${trial.rung}` : ''}`,
    typedSearchAttributes: [
      { key: searchAttributes.lifecycle, value: name },
      { key: searchAttributes.run, value: run },
    ],
  });
}

/** A child workflow that scores several candidates by one fit a fold. */
export function runFamily(
  { name, run, definitionHash, featuresDigest }: Parameters<typeof runCandidate>[0],
  indices: number[],
): Promise<CandidateResult[]> {
  return executeChild<typeof family>('family', {
    workflowId: ids.family(name, run, indices[0]),
    args: [{ name, run, indices, definitionHash, featuresDigest }],
    parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
    staticSummary: shortSummary(`Candidates ${indices.join(', ')} of ${name}`),
    typedSearchAttributes: [
      { key: searchAttributes.lifecycle, value: name },
      { key: searchAttributes.run, value: run },
    ],
  });
}

/** Of the candidates without a score the one that stands first in the search. */
export function firstRefusal(
  known: Refusal | undefined,
  result: Exclude<CandidateResult, { status: 'done' }>,
): Refusal {
  const { index, learner, reason, status } = result;
  if (known !== undefined && known.index <= index) return known;
  return { index, learner, reason, ...(status === 'refused' ? {} : { status }) };
}
