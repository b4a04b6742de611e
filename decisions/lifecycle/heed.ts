import type { WatchSignal, WindowVerdict } from '../watch/verdict.ts';
import type { RetrainPolicy } from './policy.ts';

/**
 * What a sound window leads to: a training, a word to people, or nothing. Two of three windows may have drifted and the
 * newest be sound again, which is no reason for either.
 *
 * @param onDrift absent where the definition says nothing of retraining
 */
export function heedWindow(
  signal: WatchSignal,
  verdict: WindowVerdict,
  onDrift: RetrainPolicy['onDrift'] | undefined,
): 'train' | 'tell' | 'nothing' {
  if (signal.fault || !signal.drift || verdict.state !== 'shifted') return 'nothing';
  return signal.fall || onDrift === 'any' ? 'train' : 'tell';
}
