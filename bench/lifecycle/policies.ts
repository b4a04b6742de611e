/** How a lifecycle is kept up. */
export const POLICIES = ['never', 'schedule', 'watch'] as const;
export type Policy = (typeof POLICIES)[number];

export interface StudyResult {
  set: string;
  title: string;
  quality: string;
  better: 'higher' | 'lower';
  policies: Partial<Record<Policy, PolicyResult>>;
}

export interface PolicyResult {
  chunks: { from: string; rows: number; version: number; quality: number }[];
  /** Over all rows of the replay. */
  mean: number;
  /** After the first training. */
  retrainings: number;
  promotions: number;
  shifted: number;
  seconds: number;
}

export const WORDS: Record<Policy, string> = {
  never: 'never',
  schedule: 'by the calendar',
  watch: 'by the watch',
};
