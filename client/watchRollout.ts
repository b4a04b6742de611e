import type { CanaryPolicy } from '../decisions/canary/policy.ts';
import type { RolloutProgress } from '../workflows/rolloutMessages.ts';
import type { PerennialClient } from './client.ts';
import { followRollout } from './followRollout.ts';
import type { RolloutHandle } from './rolloutHandle.ts';
import { showRollout } from './terminal/showRollout.ts';
import type { Terminal } from './terminal/terminal.ts';

/**
 * Shows how a rollout goes on until it is decided.
 *
 * @returns its last state; undefined where the signal ended the watching.
 */
export async function watchRollout(
  client: PerennialClient,
  handle: RolloutHandle,
  terminal: Terminal,
  options: { signal: AbortSignal; toEnd?: boolean },
): Promise<RolloutProgress | undefined> {
  let policy: CanaryPolicy | undefined;
  const display = showRollout(terminal, () => policy);
  return followRollout(handle, {
    ...options,
    onProgress(progress) {
      // Its row is there once it is open.
      if (policy === undefined && progress.startedAt !== '') {
        void client.rollouts.get(handle.name, handle.number).then(
          (row) => (policy = row.policy),
          () => undefined,
        );
      }
      display.update(progress);
    },
    onTrouble: display.remark,
  }).finally(() => display.stop());
}
