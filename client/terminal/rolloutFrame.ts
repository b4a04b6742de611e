import type { ArmCounts } from '../../decisions/canary/counts.ts';
import type { CanaryPolicy } from '../../decisions/canary/policy.ts';
import type { GuardState } from '../../decisions/canary/verdict.ts';
import type { RolloutProgress } from '../../workflows/rolloutMessages.ts';
import type { View } from './display.ts';
import { count } from './format.ts';
import { bar, clock, fit, SPINNER, wrap } from './parts.ts';
import { table } from './table.ts';
import type { Colors } from './terminal.ts';

export interface RolloutView extends View {
  /** Known once the rollout is open. */
  policy?: CanaryPolicy;
  /** Since the stage under way began. */
  stageMs?: number;
  /** Since the rollout began. */
  elapsedMs?: number;
}

/** How a rollout stands, drawn for a terminal: its phase, a bar of the stage's time, both arms, every guard. */
export function rolloutFrame(progress: RolloutProgress, view: RolloutView): string[] {
  const { colors, columns } = view;
  const { name, number, championVersion, challengerVersion, last } = progress;
  const room = Math.max(1, columns - 1);
  const title = `  ${name}@${challengerVersion} beside the champion ${championVersion > 0 ? `@${championVersion}` : ''}`;
  const lines = [
    colors.dim(
      fit(`${title.padEnd(room - 2 - `${name}/${number}`.length)} ${name}/${number}`.trimEnd(), room),
    ),
    headline(progress, view, room),
  ];
  const time = room >= PREFIX + BAR + 10 ? timeBar(progress, view) : undefined;
  if (time)
    lines.push(`    ${label('time')} ${colors.cyan(time.bar)} ${fit(time.text, room - PREFIX - BAR - 1)}`);
  if (last) lines.push(...arms(progress, room));
  for (const { guard, state, sentence } of last?.verdict.guards ?? []) {
    const [first = '', ...more] = wrap(sentence, room - PREFIX, SENTENCE_LINES);
    lines.push(`    ${guardMark(state, colors)} ${fit(guard, GUARD).padEnd(GUARD)} ${first}`);
    lines.push(...more.map((line) => `${' '.repeat(PREFIX)}${line}`));
  }
  if (last) {
    const said = `${last.verdict.action}${progress.phase === 'paused' ? ' (paused: nothing is acted upon)' : ''}`;
    lines.push(`    ${colors.dim(label(`look ${count(progress.looks)}`))} ${fit(said, room - PREFIX)}`);
  }
  for (const note of Object.values(progress.notes)) lines.push(colors.yellow(fit(`    ! ${note}`, room)));
  return lines;
}

/** What a phase means, in a few words. */
export function phaseText({ phase, stage, steps, held, outcome, reason }: RolloutProgress): string {
  if (outcome !== undefined) return `${outcome}${reason ? `: ${reason}` : ''}`;
  if (held !== undefined) return `on hold, a person has to look: ${held}`;
  const step = `step ${stage + 1} of ${steps.length}, ${steps[stage] ?? 100} % of the keys`;
  switch (phase) {
    case 'preparing':
      return 'gateways load the challenger';
    case 'serving':
      return step;
    case 'paused':
      return `paused in ${step}`;
    case 'awaiting-approval':
      return 'every guard passes; a person has to approve';
    case 'probation':
      return 'promoted: all keys are with it, the old champion stays loaded';
    case 'ended':
      return 'ended';
  }
}

/** As wide as the frame's first column: two for the mark, the guard's name. */
const GUARD = 10;
const PREFIX = 4 + 2 + GUARD + 1;
const BAR = 20;
/** A guard's sentence ends with what it concludes. */
const SENTENCE_LINES = 4;

function label(text: string): string {
  return fit(text, GUARD + 2).padEnd(GUARD + 2);
}

function headline(progress: RolloutProgress, view: RolloutView, room: number): string {
  const { phase, outcome, held } = progress;
  const { colors, tick, elapsedMs } = view;
  const time = room >= 50 ? clock(elapsedMs).padStart(9) : '';
  const name = (outcome ?? phase).padEnd(GUARD + 3);
  const rest = Math.max(1, room - 4 - name.length - 1 - (outcome === undefined ? time.length + 1 : 0));
  if (outcome !== undefined) {
    const good = outcome === 'promoted';
    const paint = good ? colors.green : outcome === 'rolled-back' ? colors.red : colors.yellow;
    return `  ${paint(good ? '✔' : outcome === 'rolled-back' ? '✘' : '!')} ${paint(name)} ${fit(progress.reason ?? '', rest)}`;
  }
  const waits = held !== undefined || phase === 'paused' || phase === 'awaiting-approval';
  const mark = waits ? colors.yellow('!') : colors.cyan(SPINNER[tick % SPINNER.length] ?? '');
  return `  ${mark} ${name} ${fit(phaseText(progress), rest).padEnd(rest)} ${colors.dim(time)}`;
}

/** How much of the stage's shortest time (of the probation's time) is over. */
function timeBar(
  { phase, outcome }: RolloutProgress,
  { policy, stageMs }: RolloutView,
): { bar: string; text: string } | undefined {
  if (!policy || stageMs === undefined || outcome !== undefined) return undefined;
  const whole = phase === 'probation' ? policy.probationMs : policy.minDurationMs;
  if (phase === 'preparing' || whole <= 0) return undefined;
  const least = phase === 'probation' ? '' : 'at least ';
  return { bar: bar(stageMs / whole, BAR), text: `${clock(stageMs)} of ${least}${clock(whole)}` };
}

function arms(progress: RolloutProgress, room: number): string[] {
  const stage = progress.last?.counts.stages.at(-1);
  if (!stage) return [];
  const labels = progress.last?.counts.pairs !== undefined;
  const row = (who: string, arm: ArmCounts): string[] => [
    who,
    count(arm.keys),
    count(arm.requests),
    count(arm.errorKeys),
    count(arm.slowKeys),
    ...(labels ? [count(arm.labelledKeys)] : []),
  ];
  const heads = ['', 'keys', 'requests', 'with errors', 'slow', ...(labels ? ['labelled'] : [])];
  return table(
    [heads, row('champion', stage.champion), row('challenger', stage.challenger)].map(([who, ...cells]) => [
      label(who ?? ''),
      ...cells,
    ]),
    { right: [1, 2, 3, 4, 5], indent: '    ' },
  )
    .split('\n')
    .map((line) => fit(line, room));
}

export function guardMark(state: GuardState, colors: Colors): string {
  if (state === 'pass') return colors.green('✔');
  return state === 'fail' ? colors.red('✘') : colors.dim(state === 'insufficient' ? '·' : '…');
}
