import type { OrchestratorDependencies, TemporalDependencies, TrainerDependencies } from './dependencies.ts';
import { evaluateActivities } from './evaluate.ts';
import { externalRefitActivities } from './external/refit.ts';
import { externalScoreActivities } from './external/score.ts';
import { featurizeActivities } from './featurize.ts';
import { ingestActivities } from './ingest.ts';
import { lifecycleActivities } from './lifecycle.ts';
import { lifecycleRouteActivities } from './lifecycleRoute.ts';
import { noticeActivities } from './notices.ts';
import { observeActivities } from './observe.ts';
import { pairActivities } from './pairs.ts';
import { parityActivities } from './parity.ts';
import { referenceActivities } from './reference.ts';
import { refitActivities } from './refit.ts';
import { registerActivities } from './register.ts';
import { rolloutActivities } from './rollout.ts';
import { routeActivities } from './route.ts';
import { runActivities } from './runs.ts';
import { simplestActivities } from './simplest.ts';
import { stoppedActivities } from './stopped.ts';
import { temporalActivities } from './temporalCalls.ts';
import { trainActivities } from './train.ts';
import { trainFamilyActivities } from './trainFamily.ts';
import { validateActivities } from './validate.ts';
import { watchActivities } from './watch/describe.ts';
import { labelActivities } from './watch/labels.ts';
import { windowActivities } from './watch/observeWindow.ts';
import { recordActivities } from './watch/recordWindow.ts';
import { sourceActivities } from './watch/sources.ts';

/** Short work on our own tables. */
export function orchestratorActivities(dependencies: OrchestratorDependencies & TemporalDependencies) {
  return {
    ...runActivities(dependencies),
    ...simplestActivities(dependencies),
    ...stoppedActivities(dependencies),
    ...registerActivities(dependencies),
    ...rolloutActivities(dependencies),
    ...routeActivities(dependencies),
    ...lifecycleActivities(dependencies),
    ...lifecycleRouteActivities(dependencies),
    ...observeActivities(dependencies),
    ...watchActivities(dependencies),
    ...noticeActivities(dependencies),
    ...temporalActivities(dependencies),
  };
}
export type OrchestratorActivities = ReturnType<typeof orchestratorActivities>;

/** Whatever reads a dataset or computes with a model. */
export function trainerActivities(dependencies: TrainerDependencies) {
  return {
    ...ingestActivities(dependencies),
    ...validateActivities(dependencies),
    ...featurizeActivities(dependencies),
    ...trainActivities(dependencies),
    ...trainFamilyActivities(dependencies),
    ...refitActivities(dependencies),
    ...externalScoreActivities(dependencies),
    ...externalRefitActivities(dependencies),
    ...evaluateActivities(dependencies),
    ...parityActivities(dependencies),
    ...pairActivities(dependencies),
    ...referenceActivities(dependencies),
    ...windowActivities(dependencies),
    ...recordActivities(dependencies),
    ...labelActivities(dependencies),
    ...sourceActivities(dependencies),
  };
}
export type TrainerActivities = ReturnType<typeof trainerActivities>;
