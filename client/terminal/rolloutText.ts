import { ERRORS } from '../../config/errors.ts';
import type { RolloutRow } from '../../store/rolloutTypes.ts';
import type { RolloutProgress } from '../../workflows/rolloutMessages.ts';
import { duration } from './format.ts';
import { fit, wrap } from './parts.ts';
import { phaseText } from './rolloutFrame.ts';
import { table } from './table.ts';
import type { Colors } from './terminal.ts';

/** Promoted is 0, also while its probation goes on; any other end is a judgement that said no. */
export function exitCode({ outcome, phase }: RolloutProgress): number {
  return outcome === 'promoted' || (outcome === undefined && phase === 'probation')
    ? 0
    : ERRORS.GATE_REFUSED.exitCode;
}

/** What a rollout came to, in a few lines. */
export function verdictText(progress: RolloutProgress, { bold, green, red, yellow, dim }: Colors): string {
  const { name, number, championVersion, challengerVersion, outcome, phase, looks } = progress;
  const reason = wrap(progress.reason ?? progress.last?.verdict.reason ?? '', 100, 6)
    .map((line) => `  ${line}`)
    .join('\n');
  const after = dim(`(rollout ${name}/${number}, ${looks} looks)`);
  const why = dim(`  npx perennial rollout explain ${name}/${number}`);
  if (exitCode(progress) === 0) {
    const still = phase === 'probation' ? '; its probation goes on' : '';
    return `${green('✔')} ${bold(`${name}@${challengerVersion}`)} is the champion${still} ${after}\n${reason}\n${why}`;
  }
  const mark = outcome === 'rolled-back' ? red('✘') : yellow('!');
  return `${mark} ${bold(String(outcome))}: ${name}@${championVersion} stays the champion ${after}\n${reason}\n${why}`;
}

/** The same of one that an earlier start has seen to its end. */
export function rowVerdictText(row: RolloutRow, { bold, green, red, yellow, dim }: Colors): string {
  const { name, number, challengerVersion, status, reason = '' } = row;
  const mark = status === 'promoted' ? green('✔') : status === 'rolled-back' ? red('✘') : yellow('!');
  const why = wrap(reason, 100, 6).map((line) => `  ${line}`);
  return [
    `${mark} ${bold(`${name}@${challengerVersion}`)} was ${status} ${dim(`(rollout ${name}/${number})`)}`,
    ...why,
    dim(`  npx perennial rollout explain ${name}/${number}`),
  ].join('\n');
}

/** How it stands, in whole sentences. */
export function progressText(progress: RolloutProgress, colors: Colors): string {
  const { name, number, championVersion, challengerVersion, last, looks, notes } = progress;
  const { bold, dim } = colors;
  return [
    `${bold(`rollout/${name}/${number}`)}  ${phaseText(progress)}`,
    table([
      [dim('versions'), `${name}@${challengerVersion} beside the champion ${name}@${championVersion}`],
      [dim('looks'), String(looks)],
      ...(last ? [[dim('verdict'), `${last.verdict.action}: ${last.verdict.reason}`]] : []),
      ...(last?.verdict.guards.map(({ guard, state, sentence }) => [dim(guard), `${state}. ${sentence}`]) ??
        []),
      ...Object.values(notes).map((note) => [dim('note'), note]),
    ]),
  ].join('\n');
}

export function rolloutTable(all: readonly RolloutRow[], colors: Colors): string {
  const { dim, green, red, yellow } = colors;
  const head = ['rollout', 'status', 'challenger', 'champion', 'started (UTC)', 'took', ''].map((cell) =>
    dim(cell),
  );
  return table([
    head,
    ...all.map((row) => {
      const paint = row.status === 'promoted' ? green : row.status === 'rolled-back' ? red : yellow;
      const reason = row.reason ?? '';
      return [
        `${row.name}/${row.number}`,
        paint(row.status),
        `@${row.challengerVersion}`,
        `@${row.championVersion}`,
        row.startedAt.slice(0, 19).replace('T', ' '),
        row.endedAt ? duration(Date.parse(row.endedAt) - Date.parse(row.startedAt)) : '',
        fit(reason, 60),
      ];
    }),
  ]);
}
