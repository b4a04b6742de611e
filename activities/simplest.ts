import { PerennialError } from '../config/errors.ts';
import type { CandidateScore } from '../workflows/messages.ts';
import type { OrchestratorDependencies } from './dependencies.ts';

interface Bound {
  name: string;
  run: number;
  /** In units of the metric that the search selects by. */
  bound: number;
  better: 'higher' | 'lower';
}

export function simplestActivities({ store }: OrchestratorDependencies) {
  return {
    /** The first candidate of the grid whose mean is at least as good as the bound. */
    async firstCandidateWithin({ name, run, bound, better }: Bound): Promise<CandidateScore> {
      const row = await store.candidates.firstWithin(name, run, bound, better);
      if (row?.mean === undefined || row.std === undefined)
        throw new PerennialError('INTERNAL', `No candidate of ${name}/${run} is as good as its best.`);
      const { index, learner, params, mean, std } = row;
      return { index, learner, params, mean, std };
    },
  };
}
