import { activityInfo } from '@temporalio/activity';
import type { RetrainPolicy } from '../decisions/lifecycle/policy.ts';
import type { Order } from '../workflows/orderMessages.ts';
import type { RolloutOrderName } from '../workflows/rolloutMessages.ts';
import type { TemporalDependencies } from './dependencies.ts';

/** What a workflow cannot do by itself: update another workflow, keep a Temporal Schedule. */
export function temporalActivities({ temporal }: TemporalDependencies) {
  return {
    /**
     * Gives a rollout an order, once however often it is tried.
     *
     * @returns false where it has ended, or its phase does not take the order: nothing was changed
     */
    async orderRollout({
      workflowId,
      order,
      actor,
      reason,
    }: { workflowId: string; order: RolloutOrderName } & Order): Promise<boolean> {
      const { workflowExecution, activityId } = activityInfo();
      return temporal.orderRollout(workflowId, order, {
        actor,
        reason,
        key: `${workflowExecution?.runId}/${activityId}`,
      });
    },

    /** Brings the schedule of a lifecycle's retrainings to what its definition says; without one there is none. */
    async syncSchedule({
      name,
      schedule,
    }: {
      name: string;
      schedule?: RetrainPolicy['schedule'];
    }): Promise<void> {
      await temporal.syncSchedule(name, schedule);
    },
  };
}
