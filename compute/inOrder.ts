import type { FoldNumbers, FoldScore } from './thread.ts';

/** Whether no other fold need be scored, by the scores of the first ones in order. */
export type Enough = (scores: readonly FoldNumbers[]) => boolean;

/** What of the folds' scores counts, which come in any order: those up to the first that refuses, or is enough. */
export function readInOrder(
  scores: readonly (FoldScore | undefined)[],
  folds: number,
  enough: Enough | undefined,
): { kept: FoldNumbers[]; refusal?: string; ended: boolean } {
  const kept: FoldNumbers[] = [];
  for (let fold = 0; fold < folds; fold++) {
    const score = scores[fold];
    if (score === undefined) return { kept, ended: false };
    if ('refusal' in score) return { kept, refusal: score.refusal, ended: true };
    kept.push(score.metrics);
    if (fold < folds - 1 && enough?.(kept)) break;
  }
  return { kept, ended: true };
}
