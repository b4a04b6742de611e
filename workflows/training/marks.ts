import { setCurrentDetails, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import { searchAttributes } from '../../config/searchAttributes.ts';
import { rootMessage } from '../failures.ts';
import type { Stage, TrainingProgress } from '../messages.ts';
import { describeProgress } from '../progress.ts';

/** Marks a stage's beginning and end where people look: progress query, search attribute, details in the Web UI. */
export async function stage<T>(
  name: Stage,
  progress: TrainingProgress,
  body: (note: (text: string) => void) => Promise<T>,
): Promise<T> {
  const entry = progress.stages.find((s) => s.stage === name);
  if (!entry) throw new Error(`unknown stage ${name}`);
  entry.state = 'running';
  upsertSearchAttributes([{ key: searchAttributes.stage, value: name }]);
  show(progress);
  try {
    const result = await body((text) => {
      entry.note = text;
    });
    entry.state = 'done';
    return result;
  } catch (error) {
    entry.state = 'failed';
    entry.note = rootMessage(error);
    throw error;
  } finally {
    show(progress);
  }
}

export function finish(outcome: string, progress: TrainingProgress): void {
  upsertSearchAttributes([{ key: searchAttributes.outcome, value: outcome }]);
  show(progress);
}

export function show(progress: TrainingProgress): void {
  setCurrentDetails(describeProgress(progress, workflowInfo().workflowId));
}
