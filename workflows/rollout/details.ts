import type { GuardState } from '../../decisions/canary/verdict.ts';
import type { RolloutProgress } from '../rolloutMessages.ts';

const MARK: Record<GuardState, string> = { pass: '✔', fail: '✘', undecided: '…', insufficient: '·' };

/** The Markdown that the Temporal Web UI shows as a rollout's current details. */
export function describeRollout(progress: RolloutProgress, id: string): string {
  const { name, championVersion, challengerVersion, phase, held, outcome, reason, notes, last } = progress;
  const lines = [
    `**${id}**: ${name}@${challengerVersion} against ${name}@${championVersion}`,
    '',
    outcome === undefined ? `Phase: **${phase}**` : `Ended: **${outcome}**. ${reason ?? ''}`,
  ];
  if (held !== undefined && outcome === undefined)
    lines.push('', `**On hold, a person has to look:** ${held}`);
  lines.push('', '| | stage | keys to the challenger | since |', '|---|---|---|---|', ...stageRows(progress));
  if (last) {
    const { counts, verdict } = last;
    lines.push('', `Look ${progress.looks} at ${counts.at}: **${verdict.action}**. ${verdict.reason}`);
    if (verdict.guards.length > 0) lines.push('', '| | guard | |', '|---|---|---|');
    for (const { guard, state, sentence } of verdict.guards)
      lines.push(`| ${MARK[state]} | ${guard} | ${cell(sentence)} |`);
  }
  for (const note of Object.values(notes)) lines.push('', `- ${note}`);
  return lines.join('\n');
}

function stageRows({ steps, stages, phase, promotedAt, outcome }: RolloutProgress): string[] {
  const under = outcome === undefined ? stages.length - 1 : -1;
  const mark = (stage: number): string => (stage === under ? '▶' : stage < stages.length ? '✔' : '·');
  const rows = steps.map(
    (percent, stage) =>
      `| ${mark(stage)} | ${stage + 1} | ${percent} % | ${stages[stage]?.startedAt ?? ''} |`,
  );
  const promoted = promotedAt === undefined ? '·' : phase === 'probation' ? '▶' : '✔';
  return [...rows, `| ${promoted} | all | 100 % | ${promotedAt ?? ''} |`];
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
