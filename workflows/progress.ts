import type { TrainingProgress } from './messages.ts';

const MARK = { waiting: '·', running: '▶', done: '✔', failed: '✘' } as const;

/** The Markdown that the Temporal Web UI shows as a training's current details. */
export function describeProgress(progress: TrainingProgress, workflowId: string): string {
  const lines = [`**${workflowId}**`, '', '| | stage | |', '|---|---|---|'];
  for (const { stage, state, note } of progress.stages) {
    lines.push(`| ${MARK[state]} | ${stage} | ${note?.replaceAll('|', '\\|') ?? ''} |`);
  }
  const { candidates, best, metric } = progress;
  if (candidates && candidates.total > 0) {
    const { done, failed, total, running, parallelism, full } = candidates;
    lines.push(
      '',
      `Candidates: ${done + failed} of ${total}, ${running} under way (at most ${parallelism}), ${failed} without a score${full === undefined ? '' : `, ${full} with the whole resource`}.`,
    );
  }
  if (best && metric) {
    lines.push(
      '',
      `Best: **${best.learner}** \`${JSON.stringify(best.params)}\` ${metric.name} ${best.mean.toFixed(5)} ± ${best.std.toFixed(5)}`,
    );
  }
  return lines.join('\n');
}
