import { plain } from '../canary/wording.ts';
import { judgeFall, type FallEvidence } from './fallEvidence.ts';
import type { WatchPolicy } from './policy.ts';
import type { WatchSignal, WindowVerdict } from './verdict.ts';

/**
 * What a champion's windows say together. Drift is counted in the last `drift.windows` with enough rows. A fall is weighed
 * over all labels since the champion's first window; where windows have no labels, or are below the floor, it is counted
 * in the last `drift.windows` that can tell. A broken window takes its place among them and counts for nothing; while the
 * newest one is broken nothing else is said, for whatever it shows comes from the fault first.
 *
 * @param verdicts of this champion alone, newest last; older ones than the rules look at do no harm
 * @param evidence with the newest window in it. Absent where none has had labels; and in watches that began before there
 *   was any, whose windows with labels are counted too
 */
export function judgeWatch(
  verdicts: readonly WindowVerdict[],
  policy: WatchPolicy,
  evidence?: FallEvidence,
): WatchSignal {
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
  const weighed = evidence && judgeFall(evidence, policy);
  const fall = count(known, weighed ? hasFallenUnweighed : hasFallen, policy);
  const byLabels = verdicts.findLast(({ quality, faults }) => quality !== 'unknown' && faults.length === 0);
  const belowFloor = byLabels?.quality === 'below-floor';
  return {
    drift: drift.alarm,
    fall: fall.alarm || weighed?.fell === true,
    belowFloor,
    fault: false,
    reason: [
      `Drift in ${drift.told}, quality lower in ${fall.told}; an alarm needs ${plain(policy.drift.atLeast)}.`,
      ...(weighed ? [weighed.sentence] : []),
      ...(belowFloor && byLabels !== newest ? [`The newest window with labels: ${byLabels.reason}`] : []),
      newest.reason,
    ].join(' '),
  };
}

const QUIET = { drift: false, fall: false, belowFloor: false, fault: false };

function hasFallen({ quality, estimated }: WindowVerdict): boolean {
  return quality === 'unknown' ? estimated === 'fell' : quality !== 'holds';
}

/** What is no matter of labels, or so low that nothing has to be weighed. */
function hasFallenUnweighed({ quality, estimated }: WindowVerdict): boolean {
  return quality === 'unknown' ? estimated === 'fell' : quality === 'below-floor';
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
