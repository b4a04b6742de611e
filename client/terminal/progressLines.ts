import type { TrainingProgress } from '../../workflows/messages.ts';
import { duration } from './format.ts';
import { describeBest } from './progressFrame.ts';

/** A search of 10,000 candidates says no more than this often how far it is. */
const LINES_OF_A_SEARCH = 20;

/** The news between two looks at a training, a line each: for logs and pipes, where nothing can be drawn over. */
export function progressLines(
  before: TrainingProgress | undefined,
  now: TrainingProgress,
  elapsedMs: (stage: string) => number | undefined,
): string[] {
  const lines: string[] = [];
  now.stages.forEach(({ stage, state, note }, i) => {
    const was = before?.stages[i]?.state ?? 'waiting';
    if (state === was) {
      if (stage === 'search' && state === 'running') lines.push(...searchLines(before, now));
      return;
    }
    const ms = elapsedMs(stage);
    const time = ms === undefined ? '' : ` (${duration(ms)})`;
    if (state === 'running') lines.push(`${stage} ...`);
    else if (state !== 'waiting') lines.push(`${stage} ${state}${time}${note ? `: ${note}` : ''}`);
  });
  return lines;
}

function searchLines(before: TrainingProgress | undefined, now: TrainingProgress): string[] {
  const { candidates, best, metric } = now;
  if (!candidates || candidates.total === 0) return [];
  const ended = candidates.done + candidates.failed;
  const last = before?.candidates ? before.candidates.done + before.candidates.failed : 0;
  const every = Math.max(1, Math.ceil(candidates.total / LINES_OF_A_SEARCH));
  if (Math.floor(ended / every) === Math.floor(last / every)) return [];
  return [
    `search ${ended} of ${candidates.total} candidates${best ? `; best ${describeBest(best, metric?.name)}` : ''}`,
  ];
}
