import { explainIssue } from '../config/explain.ts';
import { PerennialError } from '../config/errors.ts';
import { canarySchema, type CanaryInput, type CanaryPolicy } from '../decisions/canary/policy.ts';
import type { Signature } from '../store/types.ts';

/** Parts of a policy that one rollout has otherwise than its definition: a list is replaced, an object is merged. */
export type PolicyOverrides = CanaryInput;

/**
 * The policy of one rollout: what the definition declares (the defaults where it declares nothing), and what the
 * person who starts it wants otherwise.
 *
 * @throws PerennialError INVALID_INPUT naming the path, the value and what would be right.
 */
export function rolloutPolicy(
  declared: CanaryPolicy | undefined,
  overrides: PolicyOverrides,
  task: Signature['task'],
): CanaryPolicy {
  const wanted = merge(declared ?? {}, overrides);
  const parsed = canarySchema.safeParse(wanted);
  if (!parsed.success) {
    const { message, field, value, expected, cause } = explainIssue(parsed.error, wanted);
    throw new PerennialError('INVALID_INPUT', `The rollout's policy: ${message}`, {
      field,
      value,
      expected,
      cause,
    });
  }
  refuseUnfitLoss(parsed.data, task);
  return parsed.data;
}

/** As decisions/canary says it: class labels have no distance, and numbers no probability. */
function refuseUnfitLoss({ guards: { accuracy } }: CanaryPolicy, task: Signature['task']): void {
  if (accuracy === false || accuracy.loss === 'auto') {
    if (accuracy !== false && task === 'regression' && accuracy.bound === undefined) throw noBound('auto');
    return;
  }
  const distance = accuracy.loss === 'absolute' || accuracy.loss === 'squared';
  if (distance !== (task === 'regression')) {
    throw invalid(
      'guards.accuracy.loss',
      accuracy.loss,
      task === 'regression'
        ? 'absolute or squared, as the model predicts numbers'
        : 'zeroOne, logLoss or brier, as the model predicts classes',
    );
  }
  if (distance && accuracy.bound === undefined) throw noBound(accuracy.loss);
}

function noBound(loss: string): PerennialError {
  return invalid(
    'guards.accuracy.bound',
    `missing for the loss ${loss}`,
    'a bound: the error above which a row counts no more',
  );
}

function invalid(field: string, value: string, expected: string): PerennialError {
  return new PerennialError(
    'INVALID_INPUT',
    `The rollout's policy: ${field} is ${value}; expected ${expected}.`,
    {
      field,
      value,
      expected,
    },
  );
}

function merge(base: object, over: object): Record<string, unknown> {
  const merged: Record<string, unknown> = { ...base };
  for (const [name, value] of Object.entries(over) as [string, unknown][]) {
    if (value === undefined) continue;
    const before = Object.hasOwn(merged, name) ? merged[name] : undefined;
    merged[name] = isPlain(value) && isPlain(before) ? merge(before, value) : value;
  }
  return merged;
}

function isPlain(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
