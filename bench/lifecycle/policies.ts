/** How a lifecycle is kept up. */
export const KINDS = ['never', 'schedule', 'watch'] as const;
export type Kind = (typeof KINDS)[number];

export interface Policy {
  kind: Kind;
  /** Of the calendar: weeks between two retrainings. Of the watch: weeks between two at the least. */
  weeks?: number;
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

/** Every period of either, so that neither is compared at a period that suits it. */
export const DEFAULT_POLICIES =
  'never,schedule:2,schedule:3,schedule:4,schedule:6,watch:2,watch:3,watch:4,watch:6';

/** @throws where it is none of `never`, `schedule:<weeks>`, `watch:<weeks>` */
export function readPolicies(text: string): Policy[] {
  return text.split(',').map((one) => {
    if (one === 'never') return { kind: 'never' };
    const [, kind, weeks] = /^(schedule|watch):([1-9]\d?)$/.exec(one) ?? [];
    if (kind === undefined)
      throw new Error(`--policy is ${one}; expected never, schedule:<weeks> or watch:<weeks>`);
    return { kind: kind as Kind, weeks: Number(weeks) };
  });
}

export function wordsOf({ kind, weeks = 0 }: Policy): string {
  if (kind === 'never') return 'never';
  const period = `${weeks} week${weeks === 1 ? '' : 's'}`;
  return kind === 'schedule'
    ? `by the calendar, every ${period}`
    : `by the watch, ${period} apart at the least`;
}
