import { wordsOf, type PolicyResult, type StudyResult } from '../policies.ts';

export interface Summary {
  /** Names, and phases of each. */
  runs: number;
  /** Over the names, of each the mean of its phases. */
  mean: Estimate;
  lowest: number;
  highest: number;
  retrainings: number;
  promotions: number;
}

interface Estimate {
  value: number;
  /** Standard error over the names: of first models and hold-outs, not of the past, of which there is one. Undefined of one. */
  se?: number;
}

/** All runs of one policy: of its phases, and of every name. */
export function summarise(results: readonly PolicyResult[]): { policy: PolicyResult; summary: Summary }[] {
  return [...groupBy(results, (result) => wordsOf({ ...result, phase: undefined })).values()].map((runs) => {
    const means = runs.map(({ mean }) => mean);
    const byName = [...groupBy(runs, nameOf).values()];
    const summary = {
      ...{ runs: runs.length, mean: estimate(byName.map(meanOf)) },
      ...{ lowest: Math.min(...means), highest: Math.max(...means) },
      retrainings: average(runs.map(({ retrainings }) => retrainings)),
      promotions: average(runs.map(({ promotions }) => promotions)),
    };
    return { policy: runs[0], summary };
  });
}

/**
 * What the calendar reaches with as many retrainings, on the line between its periods' means, the first of which is
 * never; undefined beyond them.
 */
export function calendarAt(results: readonly PolicyResult[], retrainings: number): number | undefined {
  const line = summarise(results.filter(({ kind }) => kind !== 'watch'))
    .map(({ summary }) => summary)
    .sort((a, b) => a.retrainings - b.retrainings);
  const above = line.findIndex((point) => point.retrainings >= retrainings);
  if (above < 0) return undefined;
  const [a, b] = [line[Math.max(0, above - 1)], line[above]];
  if (b.retrainings === a.retrainings) return b.mean.value;
  const share = (retrainings - a.retrainings) / (b.retrainings - a.retrainings);
  return a.mean.value + (b.mean.value - a.mean.value) * share;
}

/**
 * How much better a watch is than another way of retraining, name by name: what is chance of a first model or of a hold-out
 * is the same in both.
 *
 * @param other what to hold it against, of the results of one name and the watch's retrainings there
 */
export function gain(
  { policies, better }: Pick<StudyResult, 'policies' | 'better'>,
  watch: PolicyResult,
  other: (ofName: readonly PolicyResult[], retrainings: number) => number | undefined,
): Estimate | undefined {
  const words = wordsOf(watch);
  const gains = [...groupBy(policies, nameOf).values()].map((ofName) => {
    const own = ofName.find((one) => one.kind === 'watch' && wordsOf(one) === words);
    const value = own && other(ofName, own.retrainings);
    if (!own || value === undefined) return undefined;
    return better === 'higher' ? own.mean - value : value - own.mean;
  });
  const known = gains.filter((one) => one !== undefined);
  return known.length === gains.length ? estimate(known) : undefined;
}

/** As Markdown, for docs/drift.md. */
export function summaryTable(results: readonly StudyResult[]): string {
  const lines = [
    '| set | retrained | runs | quality (standard error) | lowest to highest | retrainings | promoted | better than the calendar with as many by |',
    '|---|---|---|---|---|---|---|---|',
  ];
  for (const result of results) {
    const { title, quality, policies } = result;
    const digits = quality === 'accuracy' ? 4 : 2;
    const show = ({ value, se }: Estimate) =>
      `${value.toFixed(digits)}${se === undefined ? '' : ` (${se.toFixed(digits)})`}`;
    for (const { policy, summary } of summarise(policies)) {
      const { runs, mean, lowest, highest, retrainings, promotions } = summary;
      const by = policy.kind === 'watch' ? gain(result, policy, calendarAt) : undefined;
      lines.push(
        `| ${title} | ${wordsOf({ ...policy, phase: undefined })} | ${runs} | ${quality} ${show(mean)} | ${lowest.toFixed(digits)} to ${highest.toFixed(digits)} | ${retrainings.toFixed(1)} | ${promotions.toFixed(1)} | ${by ? show(by) : ''} |`,
      );
    }
  }
  return lines.join('\n');
}

/** Each watch that retrains less than a calendar, held against it. As Markdown. */
export function againstCalendars(results: readonly StudyResult[]): string {
  const lines = [
    '| set | calendar | retrainings | watch | retrainings | better by |',
    '|---|---|---|---|---|---|',
  ];
  for (const result of results) {
    const digits = result.quality === 'accuracy' ? 4 : 2;
    const all = summarise(result.policies);
    for (const calendar of all.filter(({ policy }) => policy.kind === 'schedule')) {
      for (const watch of all.filter(({ policy }) => policy.kind === 'watch')) {
        if (watch.summary.retrainings >= calendar.summary.retrainings) continue;
        const by = gain(result, watch.policy, (ofName) =>
          meanOf(ofName.filter(({ kind, weeks }) => kind === 'schedule' && weeks === calendar.policy.weeks)),
        );
        lines.push(
          `| ${result.title} | ${calendar.policy.weeks} weeks | ${calendar.summary.retrainings.toFixed(1)} | ${wordsOf(watch.policy)} | ${watch.summary.retrainings.toFixed(1)} | ${by?.value.toFixed(digits)} (${by?.se?.toFixed(digits) ?? ''}) |`,
        );
      }
    }
  }
  return lines.join('\n');
}

const nameOf = ({ name = '' }: PolicyResult): string => name;

const meanOf = (runs: readonly PolicyResult[]): number => average(runs.map(({ mean }) => mean));

function estimate(values: readonly number[]): Estimate {
  const value = average(values);
  if (values.length < 2) return { value };
  const squares = values.reduce((sum, one) => sum + (one - value) ** 2, 0);
  return { value, se: Math.sqrt(squares / (values.length - 1) / values.length) };
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function groupBy<T>(values: readonly T[], keyOf: (value: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const value of values) groups.set(keyOf(value), [...(groups.get(keyOf(value)) ?? []), value]);
  return groups;
}
