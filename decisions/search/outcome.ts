/**
 * How a candidate ends. `refused`: its learner cannot take the data, and says why. `timed-out`, `out-of-memory`: it
 * took more than its budget. `stopped`: successive halving gave its share of the work to better ones, or it could not
 * become the best any more.
 */
export type CandidateStatus = 'done' | CandidateFailure | 'stopped';
/** Of these there is no score. */
export type CandidateFailure = 'refused' | 'timed-out' | 'out-of-memory';

/** Why a candidate has no score that the search had no more time for. */
export const SEARCH_OVER = 'the time of the search was over (budget.searchMs)';

export interface FailedCandidate {
  learner: string;
  reason: string;
  /** Absent: refused. */
  status?: Exclude<CandidateFailure, 'refused'>;
}

/**
 * Why a search has nothing to choose from, and under which code of the table that is an error.
 *
 * @param first of those that failed, the one that stands first in the search
 */
export function explainNoScore(
  failed: number,
  first: FailedCandidate | undefined,
): { code: 'LEARNER_REFUSED' | 'BUDGET_EXCEEDED'; message: string; field: string; expected: string } {
  const said = `${first?.learner}: ${first?.reason}`;
  if (first?.status === undefined) {
    return {
      code: 'LEARNER_REFUSED',
      message: `All ${failed} candidates were refused by their learners; the first, ${said}.`,
      field: 'search',
      expected: 'a learner that takes this data',
    };
  }
  return {
    code: 'BUDGET_EXCEEDED',
    message: `None of the ${failed} candidates that were tried has a score; the first, ${said}.`,
    field: 'budget',
    expected: 'more time or memory, a smaller `sample.search`, or candidates that take less',
  };
}
