import type { CanaryPolicy } from '../../decisions/canary/policy.ts';
import type { RolloutProgress } from '../../workflows/rolloutMessages.ts';
import { openDisplay, type Display } from './display.ts';
import { rolloutFrame } from './rolloutFrame.ts';
import { rolloutLines } from './rolloutLines.ts';
import type { Terminal } from './terminal.ts';

/** Shows how a rollout goes on. @param policy asked at every frame, as it is known once the rollout is open */
export function showRollout(
  terminal: Terminal,
  policy: () => CanaryPolicy | undefined,
): Display<RolloutProgress> {
  const { see, stageMs, elapsedMs } = rolloutClock();
  return openDisplay(terminal, {
    see,
    frame: (progress, view) =>
      rolloutFrame(progress, { ...view, policy: policy(), stageMs: stageMs(), elapsedMs: elapsedMs() }),
    lines: rolloutLines,
  });
}

/** Runs on between two looks, whose counts say by the database's clock how much time is over. */
function rolloutClock(): {
  see: (progress: RolloutProgress) => void;
  stageMs: () => number | undefined;
  elapsedMs: () => number | undefined;
} {
  let stage: number | undefined;
  let look = -1;
  let stageBegan: number | undefined;
  let began: number | undefined;
  const since = (moment: number | undefined): number | undefined =>
    moment === undefined ? undefined : Math.max(0, performance.now() - moment);
  return {
    see({ stages, looks, last, startedAt }) {
      const now = performance.now();
      // Until the first look, and after a step: what this machine's clock says.
      if (began === undefined && startedAt !== '') began = now - (Date.now() - Date.parse(startedAt));
      if (stages.length - 1 !== stage) {
        stage = stages.length - 1;
        const from = stages.at(-1)?.startedAt;
        stageBegan = from === undefined ? undefined : now - (Date.now() - Date.parse(from));
      }
      if (looks === look || !last || last.counts.stages.at(-1)?.stage !== stage) return;
      look = looks;
      stageBegan = now - last.counts.stageMs;
      began = now - last.counts.elapsedMs;
    },
    stageMs: () => since(stageBegan),
    elapsedMs: () => since(began),
  };
}
