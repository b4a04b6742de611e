import type { ColumnProfile, ColumnType } from '../../decisions/profile.ts';
import { absence } from './absence.ts';
import { OUTPUT_NAMES } from './check.ts';
import type { FittedEncoders } from './fitted.ts';
import type { Feature } from './spec.ts';

/** Columns that are not features by themselves. */
export interface Roles {
  target: string;
  key?: readonly string[];
  time?: string;
  weight?: string;
}

/** Up to this many categories a text is spread over columns of its own. */
const MAX_ONE_HOT = 30;

/**
 * What `features: auto` stands for: every column but target, key, time and weight; numbers standardised, booleans as they are,
 * timestamps as hour and weekday, text one-hot up to 30 values and by frequency above.
 */
export function autoFeatures(
  profiles: readonly ColumnProfile[],
  roles: Roles,
): { features: Feature[]; dropped: FittedEncoders['dropped'] } {
  const dropped: FittedEncoders['dropped'] = [];
  const candidates = profiles.filter(
    ({ name }) =>
      name !== roles.target && name !== roles.time && name !== roles.weight && !roles.key?.includes(name),
  );
  const usable = candidates.filter((profile) => {
    const reason = unusable(profile);
    if (reason !== undefined) dropped.push({ column: profile.name, reason });
    return reason === undefined;
  });
  const named = (type: ColumnType, fits: (profile: ColumnProfile) => boolean = () => true) =>
    usable.filter((profile) => profile.type === type && fits(profile)).map(({ name }) => name);
  const timestamps = named('timestamp');
  const features: Feature[] = [
    { kind: 'standardize', columns: named('number') },
    { kind: 'passthrough', columns: named('boolean') },
    { kind: 'cyclic', columns: timestamps, part: 'hour' },
    { kind: 'cyclic', columns: timestamps, part: 'weekday' },
    {
      kind: 'oneHot',
      columns: named('string', ({ distinct }) => distinct <= MAX_ONE_HOT),
      maxCategories: MAX_ONE_HOT,
    },
    {
      kind: 'frequency',
      columns: named('string', ({ distinct }) => distinct > MAX_ONE_HOT),
      maxCategories: 1000,
    },
  ];
  return { features: features.filter(({ columns }) => columns.length > 0), dropped };
}

function unusable(profile: ColumnProfile): string | undefined {
  if (profile.type === 'other') return `${profile.sqlType} columns can be no feature`;
  if (OUTPUT_NAMES.includes(profile.name)) return 'its name is that of an output of the model';
  return absence(profile);
}
