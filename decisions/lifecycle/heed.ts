import type { WatchSignal, WindowVerdict } from '../watch/verdict.ts';
import type { RetrainPolicy } from './policy.ts';

/** What of the definition's `retrain` is about drift. */
type OnDrift = Pick<RetrainPolicy, 'onDrift' | 'staleAfterMs'>;

export interface Heed {
  do: 'train' | 'tell' | 'nothing';
  /** One or two sentences with the numbers. */
  because: string;
}

/**
 * What a sound window leads to: a training, a word to people, or nothing. Two of three windows may have drifted and the
 * newest be sound again, which is no reason for either.
 *
 * @param retrain absent where the definition says nothing of retraining
 * @param when ISO 8601: the end of the window, and the last start of a retraining where there was one
 */
export function heedWindow(
  signal: WatchSignal,
  verdict: WindowVerdict,
  retrain: OnDrift | undefined,
  when: { to: string; retrainedAt?: string },
): Heed {
  const because = signal.reason;
  if (signal.fault || !signal.drift || verdict.state !== 'shifted') return { do: 'nothing', because };
  if (signal.fall || retrain?.onDrift === 'any') return { do: 'train', because };
  const since = staleSince(signal, retrain, when);
  return since === undefined
    ? { do: 'tell', because }
    : {
        do: 'train',
        because: `No fall is shown, but the champion is stale: drift, and nothing was retrained since ${since}. ${because}`,
      };
}

/**
 * Since when nothing was retrained, where that is too long. A challenger that was refused made the champion no younger, but
 * another one so soon would fare alike.
 */
function staleSince(
  { since }: WatchSignal,
  retrain: OnDrift | undefined,
  { to, retrainedAt }: { to: string; retrainedAt?: string },
): string | undefined {
  if (retrain?.staleAfterMs === undefined || since === undefined) return undefined;
  const from = Math.max(Date.parse(since), retrainedAt === undefined ? -Infinity : Date.parse(retrainedAt));
  return Date.parse(to) - from >= retrain.staleAfterMs ? new Date(from).toISOString() : undefined;
}
