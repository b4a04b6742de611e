/**
 * Asynchronous successive halving (Li, Jamieson, Rostamizadeh, Gonina, Ben-tzur, Hardt, Recht, Talwalkar, "A system for
 * massively parallel hyperparameter tuning", MLSys 2020, arXiv 1810.05934): every candidate is scored with a small share
 * of the resource, and those among the best 1/reduction of their rung go on to the next one, whose share is `reduction`
 * times as large. Nobody waits for a rung to be full.
 *
 * What differs from the paper is that nothing depends on who ends first. Trials are numbered as they begin, and their
 * results are read in that order: `nextStep` says from the trials begun and the results read what comes next, and up to
 * `window` trials are begun ahead of the results read. So the same definition is the same trials, on however many
 * workers and over any crash.
 */
export interface HalvingPlan {
  candidates: number;
  /** Of the resource, by rung, ascending; the last is 1. */
  shares: number[];
  /** At least 2. */
  reduction: number;
  /** Trials that may have begun without their results being read. */
  window: number;
  better: 'higher' | 'lower';
}

export interface Trial {
  candidate: number;
  rung: number;
}

/** Without a `mean` the candidate is out; `late`: the search's time was over before it had one, which says nothing. */
export type TrialResult = Trial & { mean?: number; late?: true };

export interface HalvingState {
  /** In the order in which they began; the first `results.length` of them are those whose results were read. */
  begun: Trial[];
  results: TrialResult[];
}

export type Step = { begin: Trial } | 'read' | 'end';

/**
 * What comes next: a trial begins, the result of the oldest trial under way is read, or all is done.
 *
 * @param exhausted the budget is spent: nothing begins but what gives the search one candidate with the whole resource
 */
export function nextStep(plan: HalvingPlan, state: HalvingState, exhausted = false): Step {
  const underWay = state.begun.length - state.results.length;
  if (underWay < plan.window && !exhausted) {
    const begin = promotion(plan, state) ?? newCandidate(plan, state);
    if (begin) return { begin };
  }
  if (underWay > 0) return 'read';
  const begin = lastPromotion(plan, state);
  return begin ? { begin } : 'end';
}

/** Of the highest rung that has one: the best candidate among the best 1/reduction of it that has not gone on yet. */
function promotion(plan: HalvingPlan, state: HalvingState): Trial | undefined {
  for (let rung = plan.shares.length - 2; rung >= 0; rung--) {
    const ranked = rank(plan, state, rung);
    const best = ranked.slice(0, Math.floor(ranked.length / plan.reduction));
    const next = best.find(({ candidate }) => !hasBegun(state, { candidate, rung: rung + 1 }));
    if (next) return { candidate: next.candidate, rung: rung + 1 };
  }
  return undefined;
}

function newCandidate({ candidates }: HalvingPlan, { begun }: HalvingState): Trial | undefined {
  const candidate = begun.filter(({ rung }) => rung === 0).length;
  return candidate < candidates ? { candidate, rung: 0 } : undefined;
}

/**
 * Where no candidate has the whole resource and nobody is among the best 1/reduction of a rung: rungs are that small, or
 * those that went on had no score. The best of the highest rung gets all of it at once.
 */
function lastPromotion(plan: HalvingPlan, state: HalvingState): Trial | undefined {
  const top = plan.shares.length - 1;
  if (rank(plan, state, top).length > 0) return undefined;
  const out = new Set(
    state.results.filter(({ mean, late }) => mean === undefined && !late).map(({ candidate }) => candidate),
  );
  for (let rung = top - 1; rung >= 0; rung--) {
    const best = rank(plan, state, rung).find(({ candidate }) => !out.has(candidate));
    if (best) return { candidate: best.candidate, rung: top };
  }
  return undefined;
}

type ScoredTrial = Trial & { mean: number };

/** Results with a score on a rung, best first; of equals the one that stands first in the search. */
function rank({ better }: HalvingPlan, { results }: HalvingState, rung: number): ScoredTrial[] {
  const sign = better === 'higher' ? -1 : 1;
  return results
    .filter((result): result is ScoredTrial => result.rung === rung && result.mean !== undefined)
    .sort((a, b) => sign * (a.mean - b.mean) || a.candidate - b.candidate);
}

function hasBegun({ begun }: HalvingState, { candidate, rung }: Trial): boolean {
  return begun.some((trial) => trial.candidate === candidate && trial.rung === rung);
}

/**
 * Shares of the resource by rung: 1, 1/reduction, 1/reduction^2 ... as long as the least is at least minimum/total.
 *
 * @param total of the resource: rows to learn from, or rounds
 * @param minimum in the same unit
 * @returns ascending, the last being 1; [1] where the minimum leaves no second rung
 */
export function rungShares(total: number, minimum: number, reduction: number): number[] {
  const shares = [1];
  for (let parts = reduction; total / parts >= minimum; parts *= reduction) shares.unshift(1 / parts);
  return shares;
}

/** Why a candidate was stopped, for people. */
export function explainStop(
  share: number,
  { reduction, exhausted }: { reduction: number; exhausted: boolean },
): string {
  const at = `with ${Number((share * 100).toPrecision(3))} % of the resource`;
  return exhausted ? `${at} when the time was over` : `${at}, where it was not among the best 1/${reduction}`;
}
