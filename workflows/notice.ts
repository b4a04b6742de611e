import { ActivityFailure, isCancellation } from '@temporalio/workflow';
import type { NoticeInput } from './lifecycleMessages.ts';
import { ids } from './messages.ts';
import { notices } from './options.ts';

/**
 * Tells every webhook that wants to know, each on its own; a receiver that is away is tried again for a day.
 *
 * @returns how many were told, and how many could not be
 */
export async function notice(input: NoticeInput): Promise<{ told: number; failed: number }> {
  const { definitionHash, event, name, number } = input;
  const targets = await notices.noticeTargets({ definitionHash, event });
  const ends = await Promise.all(
    targets.map(async (target) => {
      try {
        await notices.deliverNotice.executeWithOptions({ summary: `To ${target.host}` }, [
          { ...input, id: ids.notice(name, String(number)), webhook: target.webhook },
        ]);
        return true;
      } catch (error) {
        // One receiver that refuses must not keep the others from knowing.
        if (error instanceof ActivityFailure && !isCancellation(error)) return false;
        throw error;
      }
    }),
  );
  const told = ends.filter(Boolean).length;
  return { told, failed: ends.length - told };
}
