import { explainStop } from '../decisions/search/halving.ts';
import type { OrchestratorDependencies } from './dependencies.ts';

interface Stopped {
  name: string;
  run: number;
  reduction: number;
  /** The time was over before the candidates could go on. */
  exhausted: boolean;
}

export function stoppedActivities({ store }: OrchestratorDependencies) {
  return {
    /** Says of each candidate that did not come to the whole resource how far it came. Run again it changes nothing. */
    async recordStopped({ name, run, reduction, exhausted }: Stopped): Promise<void> {
      const ended = new Set((await store.candidates.list(name, run)).map(({ index }) => index));
      const last = new Map((await store.trials.list(name, run)).map((trial) => [trial.index, trial]));
      for (const trial of last.values()) {
        if (ended.has(trial.index)) continue;
        const reason = explainStop(trial.share, { reduction, exhausted });
        await store.candidates.record(name, run, { ...trial, status: 'stopped', reason });
      }
    },
  };
}
