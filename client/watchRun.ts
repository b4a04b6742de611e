import { relative } from 'node:path';
import { ERRORS } from '../config/errors.ts';
import type { PerennialClient } from './client.ts';
import { follow } from './follow.ts';
import { showProgress } from './terminal/showProgress.ts';
import { summaryText } from './terminal/summaryText.ts';
import type { Terminal } from './terminal/terminal.ts';
import type { TrainingHandle } from './trainingHandle.ts';
import type { TrainingSummary } from './summary.ts';

/**
 * Shows how a run goes on until it ends, then what it came to.
 *
 * @returns the exit code; undefined where the signal ended the watching.
 * @throws PerennialError with the code of what went wrong inside the run.
 */
export async function watchRun(
  client: PerennialClient,
  handle: TrainingHandle,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number | undefined> {
  const display = showProgress(terminal);
  const result = await follow(handle, {
    onProgress: display.update,
    onTrouble: display.remark,
    signal,
  }).finally(() => display.stop());
  if (!result) return undefined;
  return showRun(client, handle.name, handle.run, terminal);
}

/** What a run that has ended came to, with its report beside it. */
export async function showRun(
  client: PerennialClient,
  name: string,
  run: number,
  terminal: Terminal,
): Promise<number> {
  const summary = await client.summary(name, run);
  const report = await client.saveReport(name, run);
  terminal.print(`\n${summaryText(summary, terminal.colors, { report: report && nearby(report) })}`);
  terminal.object({ ...summary, report: report ?? null });
  return exitCode(summary);
}

/** Short where it lies below the working directory. */
function nearby(path: string): string {
  const below = relative(process.cwd(), path);
  return below.startsWith('..') ? path : below;
}

/** Checks and gates that say no end a run as it should end; the exit code tells scripts. */
function exitCode({ outcome }: TrainingSummary): number {
  if (outcome === 'checks-failed') return ERRORS.CHECK_FAILED.exitCode;
  if (outcome === 'gate-refused') return ERRORS.GATE_REFUSED.exitCode;
  return outcome === 'registered' ? 0 : 1;
}
