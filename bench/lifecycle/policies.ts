/** How a lifecycle is kept up. */
export const KINDS = ['never', 'schedule', 'watch'] as const;
export type Kind = (typeof KINDS)[number];

export interface Policy {
  kind: Kind;
  /** Of the calendar: weeks between two retrainings. Of the watch: weeks between two at the least. */
  weeks?: number;
  /** Of the calendar: it retrains in weeks of which the remainder is this; absent: 0. */
  phase?: number;
  /** Of the watch: `quality.alpha`, what evidence of a fall it asks for; absent: the default. */
  alpha?: number;
  /** Of the watch: `retrain.staleAfterMs`, in weeks; absent: none. */
  stale?: number;
}

export interface StudyResult {
  set: string;
  title: string;
  quality: string;
  better: 'higher' | 'lower';
  /** In the order in which they were asked for. */
  policies: PolicyResult[];
}

export interface PolicyResult extends Policy {
  /** Of the lifecycle, by which the hold-out is drawn; absent: that of the set. */
  name?: string;
  chunks: { from: string; rows: number; version: number; quality: number }[];
  /** Over all rows of the replay. */
  mean: number;
  /** After the first training. */
  retrainings: number;
  promotions: number;
  shifted: number;
  faults: number;
  seconds: number;
}

/** Every period of either, so that neither is compared at a period that suits it; and a watch that asks for less evidence. */
export const DEFAULT_POLICIES =
  'never,schedule:2,schedule:3,schedule:4,schedule:6,watch:2,watch:3,watch:4,watch:6,watch:2:0.05';

/** @throws where it is none of `never`, `schedule:<weeks>`, `watch:<weeks>[:<alpha>][:<stale>w]` */
export function readPolicies(text: string): Policy[] {
  return text.split(',').map((one) => {
    if (one === 'never') return { kind: 'never' };
    const [, schedule, watch, alpha, stale] =
      /^(?:schedule:([1-9]\d?)|watch:([1-9]\d?)(?::(0\.\d+))?(?::([1-9]\d?)w)?)$/.exec(one) ?? [];
    if (schedule !== undefined) return { kind: 'schedule', weeks: Number(schedule) };
    if (watch === undefined)
      throw new Error(
        `--policy is ${one}; expected never, schedule:<weeks> or watch:<weeks>[:<alpha>][:<stale>w]`,
      );
    return {
      ...{ kind: 'watch', weeks: Number(watch) },
      ...(alpha === undefined ? {} : { alpha: Number(alpha) }),
      ...(stale === undefined ? {} : { stale: Number(stale) }),
    };
  });
}

/** A calendar at each of its phases; any other policy as it is. */
export function phasesOf(policy: Policy): Policy[] {
  const { kind, weeks = 1 } = policy;
  if (kind !== 'schedule') return [policy];
  return Array.from({ length: weeks }, (_, phase) => ({ ...policy, phase }));
}

export function wordsOf({ kind, weeks = 0, alpha, stale, phase = 0 }: Policy): string {
  if (kind === 'never') return 'never';
  const period = `${weeks} week${weeks === 1 ? '' : 's'}`;
  return kind === 'schedule'
    ? `by the calendar, every ${period}${phase === 0 ? '' : `, from the ${phase}. on`}`
    : `by the watch, ${period} apart at the least${alpha === undefined ? '' : `, alpha ${alpha}`}${stale === undefined ? '' : `, stale after ${stale}`}`;
}
