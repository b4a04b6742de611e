import type { Stage, TrainingProgress } from '../../workflows/messages.ts';
import { openDisplay, type Display } from './display.ts';
import { progressFrame } from './progressFrame.ts';
import { progressLines } from './progressLines.ts';
import type { Terminal } from './terminal.ts';

/** Shows how a training goes on. */
export function showProgress(terminal: Terminal): Display<TrainingProgress> {
  const { see, elapsedMs } = stageClock();
  return openDisplay(terminal, {
    see,
    frame: (progress, view) => progressFrame(progress, { ...view, elapsedMs }),
    lines: (before, now) => progressLines(before, now, (stage) => elapsedMs(stage as Stage)),
  });
}

/** How long each stage has been seen running. A stage that had ended before the first look has no time. */
function stageClock(): {
  see: (progress: TrainingProgress) => void;
  elapsedMs: (stage: Stage) => number | undefined;
} {
  const began = new Map<Stage, number>();
  const took = new Map<Stage, number>();
  return {
    see(progress) {
      const now = performance.now();
      for (const { stage, state } of progress.stages) {
        if (state === 'running' && !began.has(stage)) began.set(stage, now);
        const start = began.get(stage);
        if (start !== undefined && state !== 'running' && !took.has(stage)) took.set(stage, now - start);
      }
    },
    elapsedMs(stage) {
      const start = began.get(stage);
      return took.get(stage) ?? (start === undefined ? undefined : performance.now() - start);
    },
  };
}
