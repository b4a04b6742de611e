import type { Chunk } from '../replayPast.ts';
import { count } from './format.ts';
import type { Colors } from './terminal.ts';

const MAX_COLUMNS = 3;

/** A week of a replayed past in a line: 2001-02-05  @1  5,712 rows, 19.1 % wrong  shifted: network_on_time_7d 0.41 */
export function weekText(
  { from, version, rows, quality, watched, lifecycle }: Chunk,
  colors: Colors,
): string {
  const { dim, green, yellow, red, bold } = colors;
  const day = new Date(from).toISOString().slice(0, 10);
  const told = `  ${dim(day)}  @${version}  ${count(rows)} rows, ${(100 * (1 - quality)).toFixed(1)} % wrong`;
  if (!watched) return told;
  const { state, drifted, quality: realised } = watched.verdict;
  const paint = state === 'clean' ? green : state === 'fault' ? red : yellow;
  const columns = drifted.slice(0, MAX_COLUMNS).map(({ column, effect }) => `${column} ${effect.toFixed(2)}`);
  const said = columns.length > 0 ? `${paint(state)}: ${columns.join(', ')}` : paint(state);
  const fell =
    realised === 'fell' || realised === 'below-floor' ? `, ${red('worse than on its hold-out')}` : '';
  const champion = lifecycle?.champion;
  const replaced =
    champion === undefined || champion === version
      ? ''
      : `\n  ${dim('retrained:')} ${bold(`@${champion}`)} takes over from @${version}`;
  return `${told}  ${said}${fell}${replaced}`;
}
