import type { ColumnProfile } from '../../decisions/profile.ts';

/** Why nothing can be fitted on that column, or undefined where it has values. */
export function absence(profile: ColumnProfile): string | undefined {
  if (profile.rows === 0) return 'there are no training rows';
  if (profile.missing >= profile.rows) return 'all values missing in training';
  if (profile.missing + profile.infinite >= profile.rows) return 'no finite value in training';
  return undefined;
}
