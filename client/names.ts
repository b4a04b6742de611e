import { PerennialError } from '../config/errors.ts';

/** `flights` or `flights@3`. @throws PerennialError INVALID_INPUT */
export function parseModelName(text: string): { name: string; version?: number } {
  const match = /^([a-z][a-z0-9-]*)(?:@([1-9]\d{0,8}))?$/.exec(text);
  if (!match?.[1])
    throw wrong('model', text, 'a model such as flights, or a version of it such as flights@3');
  return { name: match[1], ...(match[2] ? { version: Number(match[2]) } : {}) };
}

/** `flights/3`; a workflow's id, `training/flights/3`, is understood too. @throws PerennialError INVALID_INPUT */
export function parseRunName(text: string): { name: string; run: number } {
  const match = /^(?:training\/)?([a-z][a-z0-9-]*)\/([1-9]\d{0,8})$/.exec(text);
  if (!match?.[1]) throw wrong('run', text, 'a run such as flights/3, as `npx perennial runs` lists them');
  return { name: match[1], run: Number(match[2]) };
}

/** `flights/3`; a workflow's id, `rollout/flights/3`, is understood too. @throws PerennialError INVALID_INPUT */
export function parseRolloutName(text: string): { name: string; number: number } {
  const match = /^(?:rollout\/)?([a-z][a-z0-9-]*)\/([1-9]\d{0,8})$/.exec(text);
  if (!match?.[1])
    throw wrong('rollout', text, 'a rollout such as flights/3, as `npx perennial rollout list` lists them');
  return { name: match[1], number: Number(match[2]) };
}

function wrong(field: string, value: string, expected: string): PerennialError {
  return new PerennialError('INVALID_INPUT', `"${value}" is not the name of a ${field}.`, {
    field,
    value,
    expected,
  });
}
