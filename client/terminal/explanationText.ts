import type { ModelExplanation } from '../explainModel.ts';
import { score } from './format.ts';
import { table } from './table.ts';

const OF_WHAT = {
  value: 'the value',
  probability: 'the probability',
  logOdds: 'the log odds',
  score: 'the score before the softmax',
} as const;

/** The columns of a version by what they do, most important first. */
export function explanationText(found: ModelExplanation, dim: (text: string) => string): string {
  const { contributions, importance, metric } = found;
  const drops = new Map(importance.map((one) => [one.column, one]));
  if (!('columns' in contributions)) {
    const rows = importance.map(({ column, mean, interval }) => [column, score(mean), between(interval)]);
    return [
      `No exact Shapley values: ${contributions.reason}.`,
      table([[dim('column'), dim(`loss of ${metric}`), dim('95 %')], ...rows]),
    ].join('\n');
  }
  const { explained, of, rows, background, columns, method } = contributions;
  const whose = of.length === 1 ? ` of ${String(of[0])}` : of.length > 1 ? ', summed over the classes' : '';
  const lines = columns.map(({ column, meanAbsolute, low, high }) => {
    const drop = drops.get(column);
    return [
      column,
      score(meanAbsolute.reduce((a, b) => a + b, 0)),
      between([low, high]),
      drop ? score(drop.mean) : '',
      between(drop?.interval),
    ];
  });
  const head = ['column', 'mean |contribution|', '95 %', `loss of ${metric} shuffled`, '95 %'].map(dim);
  return [
    `What columns add to ${OF_WHAT[explained]}${whose}: ${method}, ${rows} hold-out rows against ${background}.`,
    table([head, ...lines]),
  ].join('\n');
}

function between(interval: readonly [number, number] | undefined): string {
  return interval ? `${score(interval[0])} to ${score(interval[1])}` : '';
}
