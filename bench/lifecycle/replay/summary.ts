import { wordsOf, type PolicyResult, type StudyResult } from '../policies.ts';

export interface Summary {
  /** Phases and names. */
  runs: number;
  mean: number;
  /** Of the runs, ddof 1; 0 of one. */
  sd: number;
  lowest: number;
  highest: number;
  retrainings: number;
  promotions: number;
}

/** All runs of one policy: of its phases, and of every name. */
export function summarise(results: readonly PolicyResult[]): { policy: PolicyResult; summary: Summary }[] {
  const groups = new Map<string, PolicyResult[]>();
  for (const result of results) {
    const words = wordsOf({ ...result, phase: undefined });
    groups.set(words, [...(groups.get(words) ?? []), result]);
  }
  return [...groups.values()].map((runs) => {
    const means = runs.map(({ mean }) => mean);
    const mean = average(means);
    const squares = means.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    const summary = {
      ...{ runs: runs.length, mean },
      sd: runs.length > 1 ? Math.sqrt(squares / (runs.length - 1)) : 0,
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
  if (b.retrainings === a.retrainings) return b.mean;
  return a.mean + ((b.mean - a.mean) * (retrainings - a.retrainings)) / (b.retrainings - a.retrainings);
}

/** As Markdown, for docs/drift.md. */
export function summaryTable(results: readonly StudyResult[]): string {
  const lines = [
    '| set | retrained | runs | quality: mean, standard deviation | lowest to highest | retrainings | promoted | calendar with as many |',
    '|---|---|---|---|---|---|---|---|',
  ];
  for (const { title, quality, policies } of results) {
    const digits = quality === 'accuracy' ? 4 : 2;
    const show = (value: number) => value.toFixed(digits);
    for (const { policy, summary } of summarise(policies)) {
      const { runs, mean, sd, lowest, highest, retrainings, promotions } = summary;
      const other = policy.kind === 'watch' ? calendarAt(policies, retrainings) : undefined;
      lines.push(
        `| ${title} | ${wordsOf({ ...policy, phase: undefined })} | ${runs} | ${quality} ${show(mean)}, ${show(sd)} | ${show(lowest)} to ${show(highest)} | ${retrainings.toFixed(1)} | ${promotions.toFixed(1)} | ${other === undefined ? '' : show(other)} |`,
      );
    }
  }
  return lines.join('\n');
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
