import type { RolloutProgress } from '../../workflows/rolloutMessages.ts';
import { phaseText } from './rolloutFrame.ts';

/** The news between two states of a rollout, a line each: for logs and pipes. */
export function rolloutLines(before: RolloutProgress | undefined, now: RolloutProgress): string[] {
  const lines: string[] = [];
  const said = phaseText(now);
  if (before === undefined || phaseText(before) !== said) lines.push(`${now.phase}: ${said}`);
  for (const note of Object.values(now.notes))
    if (!Object.values(before?.notes ?? {}).includes(note)) lines.push(`note: ${note}`);
  for (const { guard, state, sentence } of now.last?.verdict.guards ?? []) {
    const was = before?.last?.verdict.guards.find((each) => each.guard === guard);
    if (was?.state !== state) lines.push(`look ${now.looks}: ${guard} ${state}. ${sentence}`);
  }
  const action = now.last?.verdict.action;
  if (action !== undefined && action !== before?.last?.verdict.action)
    lines.push(`look ${now.looks}: ${action}`);
  return lines;
}
