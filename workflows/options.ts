import { proxyActivities, type ActivityOptions } from '@temporalio/workflow';
import type { OrchestratorActivities } from '../activities/orchestrator.ts';
import type { TrainerActivities } from '../activities/trainer.ts';
import { queues } from './messages.ts';

/**
 * Lost connections and dead workers are retried for as long as they last; errors of the definition or the data are
 * not retried at all (activities/boundary.ts tells them apart).
 */
const retry: ActivityOptions['retry'] = {
  initialInterval: '1s',
  backoffCoefficient: 2,
  maximumInterval: '15s',
};

/** Short work on our own tables. */
export const orchestratorOptions: ActivityOptions = {
  taskQueue: queues.orchestrator,
  startToCloseTimeout: '1 minute',
  retry,
};
export const orchestrator = proxyActivities<OrchestratorActivities>(orchestratorOptions);

/**
 * A step of a rollout. People meet the challenger meanwhile, so a worker that dies is noticed in seconds; counting may
 * take minutes.
 */
export function rolloutStep(summary: string): ActivityOptions {
  return { ...orchestratorOptions, startToCloseTimeout: '6 minutes', heartbeatTimeout: '10s', summary };
}

/** A step of a lifecycle: short, on our own tables; a worker that dies is noticed in seconds. */
export function step(summary: string): ActivityOptions {
  return { ...orchestratorOptions, heartbeatTimeout: '10s', summary: shortSummary(summary) };
}

/** A summary with words of people or of data in it: Temporal takes 400 bytes. */
export function shortSummary(text: string): string {
  return text.slice(0, MAX_SUMMARY_CHARACTERS);
}

const MAX_SUMMARY_CHARACTERS = 100;

/** Telling somebody else's server: tried again for a day. */
export const notices = proxyActivities<OrchestratorActivities>({
  taskQueue: queues.orchestrator,
  startToCloseTimeout: '30 seconds',
  scheduleToCloseTimeout: '1 day',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '15 minutes' },
});

/** Work that reads a dataset. A worker that dies is noticed when its heartbeats stop. */
export const trainerOptions: ActivityOptions = {
  taskQueue: queues.trainer,
  startToCloseTimeout: '6 hours',
  heartbeatTimeout: '15s',
  retry,
};
export const trainer = proxyActivities<TrainerActivities>(trainerOptions);

/** Work that keeps the threads of a trainer busy for long; it waits in the server until one has room. */
export const candidateOptions: ActivityOptions = { ...trainerOptions, taskQueue: queues.candidates };
