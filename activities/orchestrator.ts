import type { OrchestratorDependencies, TemporalDependencies } from './dependencies.ts';
import { lifecycleActivities } from './lifecycle.ts';
import { lifecycleRouteActivities } from './lifecycleRoute.ts';
import { noticeActivities } from './notices.ts';
import { observeActivities } from './observe.ts';
import { registerActivities } from './register.ts';
import { rolloutActivities } from './rollout.ts';
import { routeActivities } from './route.ts';
import { runActivities } from './runs.ts';
import { simplestActivities } from './simplest.ts';
import { stoppedActivities } from './stopped.ts';
import { temporalActivities } from './temporalCalls.ts';
import { watchActivities } from './watch/describe.ts';

/** Short work on our own tables. No file that it imports needs DuckDB or ONNX Runtime: they cost its process memory. */
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
