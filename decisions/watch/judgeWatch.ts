import { plain } from '../canary/wording.ts';
import type { WatchPolicy } from './policy.ts';
import type { WatchSignal, WindowVerdict } from './verdict.ts';

/**
 * What the last windows say together. Each rule looks at the last `drift.windows` that can tell: for drift those with enough
 * rows, for a fall those with realised quality or, in its absence, an estimate. A broken window takes its place among
 * them and counts for nothing; while the newest one is broken nothing else is said, for whatever it shows comes from the
 * fault first.
 *
 * @param verdicts of this champion alone, newest last; older ones than the rules look at do no harm
 */
export function judgeWatch(verdicts: readonly WindowVerdict[], policy: WatchPolicy): WatchSignal {
  const newest = verdicts.at(-1);
  if (!newest) return { ...QUIET, reason: 'No window has been judged yet.' };
  if (newest.faults.length > 0) {
    return {
      ...QUIET,
      fault: true,
      reason: `The newest window is broken, so nothing else is concluded. ${newest.reason}`,
    };
  }
  const comparable = verdicts.filter(({ state }) => state !== 'insufficient');
  const drift = count(comparable, ({ state }) => state === 'shifted', policy);
  const known = verdicts.filter(({ quality, estimated }) => quality !== 'unknown' || estimated !== 'unknown');
  const fall = count(known, hasFallen, policy);
  const byLabels = verdicts.findLast(({ quality, faults }) => quality !== 'unknown' && faults.length === 0);
  const belowFloor = byLabels?.quality === 'below-floor';
  return {
    drift: drift.alarm,
    fall: fall.alarm,
    belowFloor,
    fault: false,
    reason: [
      `Drift in ${drift.told}, quality lower in ${fall.told}; an alarm needs ${plain(policy.drift.atLeast)}.`,
      ...(belowFloor && byLabels !== newest ? [`The newest window with labels: ${byLabels.reason}`] : []),
      newest.reason,
    ].join(' '),
  };
}

const QUIET = { drift: false, fall: false, belowFloor: false, fault: false };

function hasFallen({ quality, estimated }: WindowVerdict): boolean {
  return quality === 'unknown' ? estimated === 'fell' : quality !== 'holds';
}

function count(
  verdicts: readonly WindowVerdict[],
  alarms: (verdict: WindowVerdict) => boolean,
  { drift }: WatchPolicy,
): { alarm: boolean; told: string } {
  const last = verdicts.slice(-drift.windows);
  const found = last.filter((verdict) => verdict.faults.length === 0 && alarms(verdict)).length;
  return {
    alarm: found >= drift.atLeast,
    told: `${plain(found)} of the last ${plain(last.length)} windows that can tell`,
  };
}
