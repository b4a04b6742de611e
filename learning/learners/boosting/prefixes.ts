import type { Problem } from '../../types.ts';
import { toModel, type BoostingModel } from './model.ts';
import type { Params } from './params.ts';
import { runRounds } from './rounds.ts';

/**
 * Models of several numbers of rounds by one fit of the most, each the same to the bit as a fit of its own: a round
 * depends on the seed, its number and the rounds before it. Where `patience` ended a fit or cut it back, what is left are
 * the rounds up to the least loss on the validation part; a fit of fewer rounds that still reaches that least loss is the
 * same fit, and one that does not reach it is fitted by itself.
 *
 * @param members in any order, which differ only in their rounds
 * @throws NumericalError also where only the most rounds leave what 64-bit floating point can hold
 */
export function fitRoundPrefixes(
  problem: Problem,
  members: readonly Params[],
  seed: number,
): BoostingModel[] {
  const models: BoostingModel[] = [];
  const descending = [...members.keys()].sort((a, b) => members[b].rounds - members[a].rounds);
  let boosted = runRounds(problem, members[descending[0]], seed);
  for (const at of descending) {
    const { rounds, patience } = members[at];
    const cut = boosted.rounds.length > rounds;
    if (cut && patience !== null) boosted = runRounds(problem, members[at], seed);
    const kept = cut ? { ...boosted, rounds: boosted.rounds.slice(0, rounds) } : boosted;
    models[at] = toModel(kept, problem.classes, problem.binned);
  }
  return models;
}
