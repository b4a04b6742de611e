import { table } from '../../client/terminal/table.ts';
import type { ParityLine } from './parity.ts';
import type { QualityLine } from './quality.ts';

export function qualityTable(lines: readonly QualityLine[]): string {
  const rows = lines.map((line) => {
    const digits = line.metric === 'rmse' || line.metric === 'mae' ? 3 : 4;
    const number = (value: number) => value.toFixed(digits);
    return [
      line.set,
      line.learner,
      line.metric,
      `${number(line.ours)} ± ${number(line.oursError)}`,
      `${number(line.theirs)} ± ${number(line.theirsError)}`,
      `${line.gain < 0 ? '' : '+'}${number(line.gain)}`,
      number(line.gainError),
      line.verdict,
      line.cpuSeconds.ours.toFixed(1),
      line.cpuSeconds.theirs?.toFixed(1) ?? 'kept',
    ];
  });
  const head = ['set', 'learner', 'metric', 'ours', "peer's", 'gain', 'its error', '', 'CPU s', "peer's"];
  const count = (verdict: string) => lines.filter((line) => line.verdict === verdict).length;
  const sum = `  better ${count('better')}, within one standard error ${count('within')}, short ${count('short')}`;
  return `${table([head, ...rows], { right: [3, 4, 5, 6, 8, 9] })}\n\n${sum}`;
}

export function parityTable(lines: readonly ParityLine[]): string {
  const rows = lines.map(({ set, learner, fitted, rows, flips, maxDifference, ok }) => [
    ...[set, learner, `${fitted}`, `${rows}`, `${flips}`],
    ...[maxDifference.toExponential(1), ok ? 'alike' : 'DIFFERENT'],
  ]);
  const head = ['set', 'learner', 'fitted', 'rows compared', 'labels differ', 'largest difference', ''];
  const failed = lines.filter(({ ok }) => !ok).length;
  return `${table([head, ...rows], { right: [2, 3, 4, 5] })}\n\n  ${lines.length} models, ${failed} of them answer otherwise`;
}
