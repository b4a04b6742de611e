import type { TrainingSummary } from '../summary.ts';
import { count, duration, params, score, short, varied } from './format.ts';
import { table } from './table.ts';
import type { Colors } from './terminal.ts';

const LEADERBOARD_ROWS = 10;

/** What a run came to, for people. */
export function summaryText(
  summary: TrainingSummary,
  colors: Colors,
  options: { report?: string; leaderboardRows?: number; next?: boolean } = {},
): string {
  const parts = [headline(summary, colors)];
  if (summary.leaderboard.length > 0) parts.push(leaderboardText(summary, colors, options.leaderboardRows));
  if (Object.keys(summary.metrics).length > 0) parts.push(holdOut(summary, colors));
  parts.push(facts(summary, colors, options));
  return parts.join('\n\n');
}

function headline(summary: TrainingSummary, { bold, green, yellow, red, dim }: Colors): string {
  const { name, run, version, champion, digest, outcome, reason, durationMs } = summary;
  const after = dim(`(run ${name}/${run}, ${duration(durationMs)})`);
  if (outcome === 'registered') {
    const role = champion ? ', champion' : '';
    return `${green('✔')} Registered ${bold(`${name}@${version}`)}${role}, digest ${short(digest ?? '')} ${after}`;
  }
  const said =
    outcome === 'checks-failed'
      ? 'The data checks said no'
      : outcome === 'gate-refused'
        ? 'The gate said no'
        : `The run is ${outcome}`;
  const mark = outcome === 'running' ? yellow('▶') : red('✘');
  return `${mark} ${bold(said)}${reason ? `: ${reason}` : '.'} ${after}`;
}

/** The best ten, in the order of the search. */
export function leaderboardText(
  { name, run, leaderboard, refused, stopped, metric, chosen }: TrainingSummary,
  { dim, green }: Colors,
  most = LEADERBOARD_ROWS,
): string {
  const shown = varied([...leaderboard, ...refused, ...stopped]);
  const also = Object.keys(leaderboard[0]?.also ?? {});
  const head = [
    '',
    'algorithm',
    'parameters',
    `${metric?.name ?? 'score'} over the folds`,
    ...also.map((name) => `${name} ± standard error`),
  ].map((cell) => dim(cell));
  const rows = leaderboard.slice(0, most).map((row, i) => {
    const place = row.chosen ? `★ ${i + 1}` : String(i + 1);
    const mark = row.chosen || (i === 0 && !chosen) ? green(place) : place;
    const fold = `${score(row.cv)} ${dim(`± ${score(row.std)}`)}`;
    const beside = also.map((name) => {
      const value = row.also?.[name];
      return value ? `${score(value.mean)} ${dim(`± ${score(value.standardError)}`)}` : '-';
    });
    return [mark, row.algorithm, params(row.params, shown.get(row.algorithm)), fold, ...beside];
  });
  const rest = leaderboard.length - rows.length;
  const lines = [table([head, ...rows], { right: [0] })];
  if (chosen) lines.push(`  ★ ${chosen.reason}`);
  if (rest > 0)
    lines.push(dim(`  and ${rest} more; all of them with \`npx perennial run show ${name}/${run}\``));
  if (stopped.length > 0) lines.push(dim(`  stopped early, as others were better: ${stopped.length}`));
  for (const { algorithm, params: values, cv, reason } of most === Infinity ? stopped : [])
    lines.push(
      dim(`  stopped: ${algorithm} ${params(values, shown.get(algorithm))}: ${score(cv)} ${reason}`),
    );
  for (const { algorithm, params: values, outcome, reason } of refused.slice(0, most))
    lines.push(dim(`  ${outcome}: ${algorithm} ${params(values)}: ${reason}`));
  return lines.join('\n');
}

/** The selecting metric first. */
function holdOut({ metrics, metric }: TrainingSummary, { bold, dim }: Colors): string {
  const names = Object.keys(metrics).sort((a, b) => Number(b === metric?.name) - Number(a === metric?.name));
  const marked = (name: string, text: string): string => (name === metric?.name ? bold(text) : text);
  return table([
    [dim('hold-out'), ...names.map((name) => marked(name, name))],
    ['', ...names.map((name) => marked(name, score(metrics[name])))],
  ]);
}

function facts(
  summary: TrainingSummary,
  { dim, cyan }: Colors,
  { report, next = true }: { report?: string; next?: boolean },
): string {
  const { name, run, dataset, uiUrl, version, outcome, digest } = summary;
  const rows: string[][] = [];
  if (dataset) rows.push([dim('dataset'), `${count(dataset.rows)} rows, digest ${short(dataset.digest)}`]);
  if (digest && outcome !== 'registered') rows.push([dim('model'), `${short(digest)}, not registered`]);
  if (report) rows.push([dim('report'), cyan(report)]);
  if (uiUrl) rows.push([dim('web ui'), cyan(uiUrl)]);
  if (outcome === 'registered') {
    rows.push([dim('next'), `npx perennial predict ${name} --input FILE --output FILE`]);
    rows.push(['', `npx perennial model export ${name}@${version} --out DIR`]);
  } else if (next) {
    rows.push([dim('next'), `npx perennial run show ${name}/${run}`]);
  }
  return table(rows);
}
