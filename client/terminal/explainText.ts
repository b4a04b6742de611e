import type { CanaryCounts, StageCounts } from '../../decisions/canary/counts.ts';
import type { GuardVerdict } from '../../decisions/canary/verdict.ts';
import type { ExplainedLook, RolloutExplanation } from '../explainRollout.ts';
import { count, duration } from './format.ts';
import { guardMark } from './rolloutFrame.ts';
import { clock, fit, wrap } from './parts.ts';
import { table } from './table.ts';
import type { Colors } from './terminal.ts';

/** The table that a reviewer wants: what was counted at each look, what was concluded, and whether it is so today. */
export function explainText(
  explanation: RolloutExplanation,
  colors: Colors,
  options: { all?: boolean } = {},
): string {
  return [
    head(explanation, colors),
    verdictTable(explanation, colors, options),
    audit(explanation, colors),
  ].join('\n\n');
}

/** Of that the looks, and whether they are concluded in the same way today. */
export function verdictTable(
  explanation: RolloutExplanation,
  colors: Colors,
  options: { all?: boolean } = {},
): string {
  const { looks, rollout } = explanation;
  const shown = options.all ? looks : turningPoints(looks);
  const left = looks.length - shown.length;
  const rest = `${count(left)} more in which nothing else was concluded; all of them with --all, one in full with --look K`;
  return [
    ...(shown.length > 0 ? [lookTable(shown, rollout.policy.steps.length, colors)] : []),
    ...(left > 0 ? [colors.dim(`  ${rest}`)] : []),
    `\n${agreement(explanation, colors)}`,
  ].join('\n');
}

/** One look in full: its counts by stage, its guards in whole sentences with their evidence. */
export function lookText(look: ExplainedLook, steps: number, colors: Colors): string {
  const { counts, verdict } = look;
  const { bold, dim } = colors;
  const facts = [
    [dim('at'), counts.at],
    [
      dim('stage'),
      `${stageName(look.stage, steps)}, ${duration(counts.stageMs)} of it; ${duration(counts.elapsedMs)} in all`,
    ],
    [dim('verdict'), bold(verdict.action)],
    ...hanging('', verdict.reason, dim),
    [dim('today'), look.agrees ? colors.green('the same') : colors.red(look.difference ?? 'otherwise')],
    ...(counts.slowAboveUs === undefined
      ? []
      : [[dim('slow'), `above ${(counts.slowAboveUs / 1_000).toFixed(2)} ms`]]),
    ...(counts.dropped > 0 ? [[dim('not logged'), `${count(counts.dropped)} predictions`]] : []),
  ];
  const heads = ['stage', 'weight', 'arm', 'requests', 'keys', 'with errors', 'slow', 'due', 'labelled'].map(
    (name) => dim(name),
  );
  const rows = counts.stages.flatMap(({ stage, weight, champion, challenger }) =>
    (
      [
        ['champion', champion],
        ['challenger', challenger],
      ] as const
    ).map(([arm, c]) => [
      stageName(stage, steps),
      percent(weight),
      arm,
      ...[c.requests, c.keys, c.errorKeys, c.slowKeys, c.dueKeys, c.labelledKeys].map(count),
    ]),
  );
  const guards = verdict.guards.flatMap(({ guard, state, sentence, evidence }) => [
    `  ${guardMark(state, colors)} ${bold(guard)} ${state}`,
    ...wrap(sentence, READABLE, Infinity).map((line) => `      ${line}`),
    ...wrap(
      Object.entries(evidence)
        .map(([name, value]) => `${name} ${value}`)
        .join('  '),
      READABLE,
      Infinity,
    ).map((line) => dim(`      ${line}`)),
  ]);
  return [
    `${bold(`Look ${look.index}`)}\n${table(facts)}`,
    table([heads, ...rows], { right: [1, 3, 4, 5, 6, 7, 8] }),
    guards.join('\n'),
  ].join('\n\n');
}

function head({ rollout }: RolloutExplanation, { bold, dim, green, red, yellow }: Colors): string {
  const { name, championVersion, challengerVersion, policy, status, reason } = rollout;
  const paint = status === 'promoted' ? green : status === 'rolled-back' ? red : yellow;
  const { errors, latency, accuracy, custom } = policy.guards;
  const guards = [
    ...(errors ? ['errors'] : []),
    ...(latency ? ['latency'] : []),
    ...(accuracy ? [`accuracy by ${accuracy.loss}, margin ${accuracy.margin}`] : []),
    ...custom.map((guard) => guard.name),
  ];
  return `${bold(rollout.id)}  ${paint(status)}\n${table([
    [dim('versions'), `${name}@${challengerVersion} beside the champion ${name}@${championVersion}`],
    [
      dim('steps'),
      `${policy.steps.map((step) => `${step} %`).join(', ')}, then all keys${policy.approve ? ' once approved' : ''}`,
    ],
    [dim('guards'), guards.join('; ') || 'none'],
    [dim('risks'), `alpha ${policy.alpha} of a false rollback, beta ${policy.beta} of a false pass by guard`],
    [dim('started'), `${time(rollout.startedAt)} by ${rollout.startedBy}`],
    ...(rollout.promotedAt ? [[dim('promoted'), time(rollout.promotedAt)]] : []),
    ...(rollout.endedAt ? [[dim('ended'), time(rollout.endedAt)]] : []),
    ...hanging('reason', reason ?? '', dim),
  ])}`;
}

function lookTable(looks: readonly ExplainedLook[], steps: number, colors: Colors): string {
  const guards = [...new Set(looks.flatMap((look) => look.verdict.guards.map(({ guard }) => guard)))];
  const paired = looks.some(({ counts }) => counts.pairs !== undefined);
  const slow = guards.includes('latency');
  const heads = [
    ...['look', 'after', 'stage', 'keys', 'with errors'],
    ...(slow ? ['slow'] : []),
    ...(paired ? ['pairs', 'loss'] : []),
    ...guards,
    'verdict',
  ];
  const rows = looks.map((look) => {
    const { counts, verdict, agrees } = look;
    const last = counts.stages.at(-1);
    return [
      String(look.index),
      clock(counts.elapsedMs),
      look.stage < steps ? `${look.stage + 1}, ${percent(last?.weight ?? 0)}` : stageName(look.stage, steps),
      both(last, 'keys'),
      both(last, 'errorKeys'),
      ...(slow ? [both(last, 'slowKeys')] : []),
      ...(paired ? [count(counts.pairs?.pairs ?? 0), losses(counts)] : []),
      ...guards.map((name) =>
        cell(
          verdict.guards.find(({ guard }) => guard === name),
          colors,
        ),
      ),
      `${verdict.action}${agrees ? '' : colors.red(` ≠ ${look.recomputed.action}`)}`,
    ];
  });
  const note = colors.dim('  a / b: of the challenger / of the champion');
  const numbers = heads.length - guards.length - 1;
  const right = [0, 1, ...Array.from({ length: numbers - 3 }, (_, i) => i + 3)];
  return `${table([heads.map((name) => colors.dim(name)), ...rows], { right })}\n${note}`;
}

/** The first look of each stage, every change of a guard or of the verdict, and the last look. */
function turningPoints(looks: readonly ExplainedLook[]): ExplainedLook[] {
  const signature = ({ stage, verdict, agrees }: ExplainedLook): string =>
    [stage, verdict.action, agrees, ...verdict.guards.map(({ guard, state }) => `${guard} ${state}`)].join();
  return looks.filter(
    (look, i) => i === 0 || i === looks.length - 1 || signature(look) !== signature(looks[i - 1]),
  );
}

/** What the guard stands on, as short as it gets. */
function cell(verdict: GuardVerdict | undefined, colors: Colors): string {
  if (!verdict) return '';
  const { state, evidence } = verdict;
  const { eBad, eOk, lower, upper, pairs, minPairs } = evidence;
  const mark = guardMark(state, colors);
  if (lower !== undefined && upper !== undefined) return `${mark} ${digits(lower)} to ${digits(upper)}`;
  if (eBad !== undefined && eOk !== undefined)
    return state === 'pass' ? `${mark} ${digits(eOk)} for` : `${mark} ${digits(eBad)} against`;
  if (pairs !== undefined && minPairs !== undefined) return `${mark} ${count(pairs)} of ${count(minPairs)}`;
  return `${mark} ${state}`;
}

function agreement({ looks, agrees }: RolloutExplanation, { green, red }: Colors): string {
  if (looks.length === 0) return '  No look was taken.';
  if (agrees)
    return `  ${green('✔')} Recomputed from the stored counts: ${looks.length === 1 ? 'the verdict is' : `all ${count(looks.length)} verdicts are`} the same, digit for digit.`;
  const different = looks.filter((look) => !look.agrees);
  return [
    `  ${red('✘')} Recomputed from the stored counts, ${count(different.length)} of ${count(looks.length)} verdicts differ:`,
    ...different.slice(0, 10).map(({ index, difference }) => `      look ${index}: ${difference ?? ''}`),
  ].join('\n');
}

function audit({ audit: rows }: RolloutExplanation, { dim }: Colors): string {
  return table(
    rows.map(({ at, actor, action, details }) => [
      dim(time(at)),
      action,
      actor,
      fit(typeof details.reason === 'string' ? details.reason : '', 80),
    ]),
  );
}

/** A long text in lines under each other. */
function hanging(name: string, text: string, dim: Colors['dim']): string[][] {
  if (text === '') return [];
  return wrap(text, READABLE, Infinity).map((line, i) => [i === 0 ? dim(name) : '', line]);
}

/** Characters of a line that an eye finds its way back from. */
const READABLE = 110;

/** People count from 1; after the last step comes the probation. */
function stageName(stage: number, steps: number): string {
  return stage < steps ? String(stage + 1) : 'probation';
}

function both(stage: StageCounts | undefined, field: 'keys' | 'errorKeys' | 'slowKeys'): string {
  return stage ? `${count(stage.challenger[field])} / ${count(stage.champion[field])}` : '';
}

function losses({ pairs }: CanaryCounts): string {
  return pairs && pairs.pairs > 0 ? `${digits(pairs.challengerLoss)} / ${digits(pairs.championLoss)}` : '';
}

function digits(value: number): string {
  if (value !== 0 && (Math.abs(value) < 1e-3 || Math.abs(value) >= 1e4)) return value.toExponential(1);
  return String(Number(value.toPrecision(3)));
}

function percent(weight: number): string {
  return `${Number((weight * 100).toPrecision(6))} %`;
}

function time(iso: string): string {
  return iso.slice(0, 19).replace('T', ' ');
}
