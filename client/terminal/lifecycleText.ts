import type { DefinitionChange } from '../../decisions/lifecycle/change.ts';
import type { LifecycleProgress } from '../../workflows/lifecycleMessages.ts';
import type { DeployedDefinition, DeployedLifecycle, InboxItem, LifecycleStanding } from '../client.ts';
import { short } from './format.ts';
import { fit } from './parts.ts';
import { table } from './table.ts';
import type { Colors } from './terminal.ts';

/** What a deployment changes, what is done now, and how to follow it. */
export function deployedText(
  answer: DeployedDefinition,
  progress: LifecycleProgress | undefined,
  { bold, dim, green }: Colors,
): string {
  const { name, number, changes, dryRun } = answer;
  const title = dryRun
    ? `Deployment ${number} of ${bold(name)} would change:`
    : `${green('✔')} ${bold(name)}, deployment ${number} ${dim(`(definition ${short(answer.definitionHash)})`)}`;
  const rows = changes.map(({ section, redo }) => [section, redoneText(redo)]);
  return [
    title,
    rows.length === 0
      ? '  nothing: the definition is the one that is deployed'
      : table([[dim('section'), dim('is done again')], ...rows]),
    `  ${actionText(answer, progress)}`,
    dim(
      dryRun
        ? '  Nothing was done: without --dry-run it is deployed.'
        : `  npx perennial lifecycle show ${name}`,
    ),
  ].join('\n');
}

/** How a lifecycle stands, in whole sentences. */
export function lifecycleText(progress: LifecycleStanding, colors: Colors): string {
  const { bold, dim, yellow } = colors;
  const { name, phase, live, champion, deployment, training, rollout, probation } = progress;
  const { paused, pending, waiting, approval, watched, recent, rejectedInARow } = progress;
  const state = live ? phase : `removed; it was ${phase}`;
  const facts: [string, string][] = [
    ['champion', champion === undefined ? 'none yet' : `${name}@${champion}`],
    ...when(deployment, ({ number, by, at, definitionHash }) => [
      'deployment',
      `${number}, by ${by} at ${clock(at)}, definition ${short(definitionHash)}`,
    ]),
    ...when(paused, ({ actor, reason, at }) => ['paused', yellow(`by ${actor} at ${clock(at)}: ${reason}`)]),
    ...when(training, ({ run, trigger }) => [
      'training',
      `${name}/${run} (${trigger.kind}): ${trigger.reason}`,
    ]),
    ...when(rollout, ({ number, challengerVersion }) => [
      'rollout',
      `${name}/${number} of ${name}@${challengerVersion}`,
    ]),
    ...when(probation, ({ version, previousVersion, until }) => [
      'probation',
      `${name}@${version} until ${clock(until)}; @${previousVersion} comes back where it breaks the floor`,
    ]),
    ...when(pending, ({ kind, reason }) => ['waits', `a retraining (${kind}): ${reason}`]),
    ...when(waiting, ({ reason, until }) => ['because', until ? `${reason} Until ${clock(until)}.` : reason]),
    ...when(approval, ({ question }) => ['asks', yellow(question)]),
    ...when(approval, ({ id }) => ['answer', `npx perennial approve ${id} --reason ...`]),
    ...when(watched, ({ window, to, state: said, reason, unheeded }) => [
      'watch',
      `window ${window} until ${clock(to)}: ${said}. ${reason}${unheeded ? ` Not retrained: ${unheeded}` : ''}`,
    ]),
    ...when(rejectedInARow || undefined, (count) => [
      'in a row',
      `${count} ${count === 1 ? 'challenger' : 'challengers'} that did not become champion`,
    ]),
  ];
  const events = recent.slice(-EVENTS).map(({ at, text }) => [dim(clock(at)), text]);
  return [
    `${bold(`lifecycle/${name}`)}  ${state}`,
    table(facts.map(([label, fact]) => [dim(label), fact])),
    ...(events.length > 0 ? ['', table(events)] : []),
  ].join('\n');
}

/** Newest events that are shown. */
const EVENTS = 10;

export function lifecycleTable(all: readonly DeployedLifecycle[], { dim, yellow }: Colors): string {
  const head = ['lifecycle', 'phase', 'champion', 'deployment', 'by', 'deployed (UTC)', 'watch', ''];
  return table([
    head.map((cell) => dim(cell)),
    ...all.map(({ name, phase, champion, number, deployedBy, deployedAt, watched, paused, approval }) => [
      name,
      phase,
      champion === undefined ? '' : `@${champion}`,
      String(number),
      deployedBy,
      clock(deployedAt),
      watched?.state ?? '',
      yellow(paused ? 'paused' : approval ? 'asks' : ''),
    ]),
  ]);
}

export function inboxTable(items: readonly InboxItem[], { bold, dim }: Colors): string {
  return [
    ...items.map(
      ({ id, kind, question, by, at }) =>
        `${bold(id)}  ${kind} ${dim(`asked by ${by}, since ${clock(at)}`)}\n  ${question}`,
    ),
    dim('npx perennial approve <id> --reason ..., or reject'),
  ].join('\n');
}

function redoneText(redo: DefinitionChange['redo']): string {
  switch (redo) {
    case 'nothing':
      return 'nothing; what comes next goes by it';
    case 'watch':
      return 'the watch, from its next window on';
    case 'register':
      return 'register';
    default:
      return `${redo} and all that follows`;
  }
}

function actionText({ action, dryRun, name }: DeployedDefinition, progress?: LifecycleProgress): string {
  if (action === 'nothing') return 'Nothing has to be trained.';
  if (dryRun) return 'A training begins, once nothing else is under way.';
  const { training, waiting } = progress ?? {};
  if (training)
    return `Training ${name}/${training.run} is under way: npx perennial attach ${name}/${training.run}`;
  return fit(`A training begins as soon as it can. ${waiting?.reason ?? ''}`.trimEnd(), 200);
}

function when<Fact>(fact: Fact | undefined, tell: (fact: Fact) => [string, string]): [string, string][] {
  return fact === undefined ? [] : [tell(fact)];
}

/** 2026-01-31 12:00:00 */
export function clock(iso: string): string {
  return iso.slice(0, 19).replace('T', ' ');
}
