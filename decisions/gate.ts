export interface GateInput {
  /** Name of the metric, for the sentence. */
  metric: string;
  better: 'higher' | 'lower';
  /** The candidate's metric on the hold-out; undefined or NaN where its rows do not determine it. */
  value: number | undefined;
  /** The metric must be at least this. */
  atLeast?: number;
  /** The metric must be at most this. */
  atMost?: number;
  /** How much worse than the champion is still accepted, in units of the metric. */
  tolerance: number;
  /** The current champion on the same rows as the candidate; absent where there is no champion. */
  champion?: { version: number; metric: number } | { version: number; incomparable: string };
  /** Of a retraining: the hold-out rows that both are compared on. Absent: all of them, by `value`. */
  compared?: ComparedRows;
}

/** Hold-out rows that a retrained candidate and the champion are compared on. */
export interface ComparedRows {
  rows: number;
  /** ISO 8601: the newest that the champion has seen; these rows are newer. Absent: all hold-out rows. */
  recentFrom?: string;
  /** Too few were newer: `recentFrom` is the first of the newest, and some of them are in the champion's hold-out too. */
  newest?: true;
  /** The candidate's metric on them. */
  metric?: number;
}

export interface GateVerdict {
  /** The version may be registered. */
  accepted: boolean;
  /** It becomes champion with its registration. */
  promote: boolean;
  /** One sentence with the numbers. */
  reason: string;
  /** No rule can decide: the champion has no number to compare with. */
  needsPerson?: boolean;
}

/**
 * Whether a trained model may become a version: above its floor, and no worse than the champion on the same hold-out.
 * The first one through becomes champion; a later one is registered beside the champion, which only a rollout replaces.
 * A retrained one is compared on recent rows, since the old ones are what its champion was good at; its floor is one of
 * the whole hold-out.
 * What cannot be judged is never accepted: a metric that is undefined, a champion that cannot answer these rows.
 */
export function judgeGate(input: GateInput): GateVerdict {
  const { metric, better, value, atLeast, atMost, tolerance, champion } = input;
  if (value === undefined || !Number.isFinite(value)) {
    return refused(`Hold-out ${metric} is undefined on these rows, so nothing can be judged by it.`);
  }
  if (atLeast !== undefined && !(value >= atLeast)) {
    const [is, floor] = apart(value, atLeast);
    return refused(`Hold-out ${metric} ${is} is below the required ${floor}.`);
  }
  if (atMost !== undefined && !(value <= atMost)) {
    const [is, ceiling] = apart(value, atMost);
    return refused(`Hold-out ${metric} ${is} is above the allowed ${ceiling}.`);
  }
  const bound = describeBound(atLeast, atMost);
  if (!champion) {
    return {
      accepted: true,
      promote: true,
      reason: `Hold-out ${metric} ${plain(value)}${bound}; the first version becomes champion.`,
    };
  }

  const other = `champion version ${champion.version}`;
  if ('incomparable' in champion || !Number.isFinite(champion.metric)) {
    const why =
      'incomparable' in champion
        ? champion.incomparable.replace(/[.\s]+$/, '')
        : `its ${metric} is undefined on these rows`;
    return {
      ...refused(
        `Hold-out ${metric} ${plain(value)} cannot be compared with ${other} (${why}), so a person decides.`,
      ),
      needsPerson: true,
    };
  }
  const { compared } = input;
  const own = compared?.recentFrom === undefined ? value : (compared.metric ?? NaN);
  const worse = better === 'higher' ? champion.metric - own : own - champion.metric;
  const [is, was] = apart(own, champion.metric);
  const on = compared ? ` on ${describeRows(compared)}` : '';
  if (!(worse <= tolerance)) {
    const forgiven = tolerance > 0 ? `, by more than the tolerance of ${plain(tolerance)}` : '';
    return refused(`Hold-out ${metric} ${is}${on} is worse than ${was} of ${other}${forgiven}.`);
  }
  const comparison =
    worse > 0 ? `is within the tolerance of ${plain(tolerance)} of` : worse < 0 ? 'is better than' : 'equals';
  return {
    accepted: true,
    promote: false,
    reason: `Hold-out ${metric} ${is}${on} ${comparison} ${was} of ${other}, which stays champion until a rollout replaces it.`,
  };
}

function refused(reason: string): GateVerdict {
  return { accepted: false, promote: false, reason };
}

function describeBound(atLeast: number | undefined, atMost: number | undefined): string {
  const parts = [
    ...(atLeast === undefined ? [] : [`reaches the required ${plain(atLeast)}`]),
    ...(atMost === undefined ? [] : [`stays within the allowed ${plain(atMost)}`]),
  ];
  return parts.length === 0 ? '' : ` ${parts.join(' and ')}`;
}

function describeRows({ rows, recentFrom, newest }: ComparedRows): string {
  if (recentFrom === undefined) return `all ${rows} rows (too few have a time)`;
  return newest
    ? `the ${rows} newest rows, from ${recentFrom} on,`
    : `the ${rows} rows newer than ${recentFrom}, which the champion has not seen,`;
}

const DIGITS = 5;

/** Up to five significant digits, without trailing zeros. */
function plain(value: number): string {
  return String(Number(value.toPrecision(DIGITS)));
}

/** Two numbers with as many digits as it takes to see that they differ. */
function apart(a: number, b: number): [string, string] {
  for (let digits = DIGITS; digits < 17; digits++) {
    const texts: [string, string] = [
      String(Number(a.toPrecision(digits))),
      String(Number(b.toPrecision(digits))),
    ];
    if (texts[0] !== texts[1] || a === b) return texts;
  }
  return [String(a), String(b)];
}
