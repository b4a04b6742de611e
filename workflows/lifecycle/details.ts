import type { LifecycleProgress } from '../lifecycleMessages.ts';

/** The Markdown that the Temporal Web UI shows as a lifecycle's current details. */
export function describeLifecycle(progress: LifecycleProgress): string {
  const { name, phase, deployment, champion, paused, approval, training, rollout, probation } = progress;
  const { pending, waiting, watched, recent } = progress;
  const lines = [`**lifecycle/${name}**: **${phase}**${paused ? ', paused' : ''}`, ''];
  if (approval) lines.push(`**A person is asked** (\`${approval.id}\`): ${approval.question}`, '');
  if (champion !== undefined) lines.push(`- champion: ${name}@${champion}`);
  if (deployment) {
    const { number, definitionHash, by, at } = deployment;
    lines.push(`- deployment ${number} by ${by}, ${at}: definition \`${definitionHash.slice(0, 12)}\``);
  }
  if (training) lines.push(`- training ${training.run}: ${training.trigger.reason}`);
  if (rollout) lines.push(`- rollout ${rollout.number} of ${name}@${rollout.challengerVersion}`);
  if (probation) lines.push(`- ${name}@${probation.version} is on probation until ${probation.until}`);
  if (paused) lines.push(`- paused by ${paused.actor}: ${paused.reason}`);
  if (pending) lines.push(`- waits: ${pending.reason} ${waiting?.reason ?? ''}`);
  if (watched)
    lines.push(
      `- window ${watched.window}, until ${watched.to}: ${watched.state}. ${watched.reason} ${watched.unheeded ?? ''}`,
    );
  if (recent.length > 0) lines.push('', '| | |', '|---|---|');
  for (const { at, text } of [...recent].reverse()) lines.push(`| ${at} | ${cell(text)} |`);
  return lines.join('\n');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
