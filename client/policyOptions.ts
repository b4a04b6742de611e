import { readFile } from 'node:fs/promises';
import { PerennialError } from '../config/errors.ts';
import { LOSSES } from '../decisions/canary/policy.ts';
import { parseDuration } from './durations.ts';
import type { PolicyOverrides } from './rolloutPolicy.ts';

/** What the command line has for a policy; each wins over the same in --policy. */
export interface PolicyOptions {
  policy?: string;
  steps?: string;
  minDuration?: string;
  maxDuration?: string;
  every?: string;
  probation?: string;
  approve?: boolean;
  accuracy?: string;
  margin?: string;
  bound?: string;
  minPairs?: string;
  labelHorizon?: string;
}

/** @throws PerennialError INVALID_INPUT naming the option */
export async function readPolicy(options: PolicyOptions): Promise<PolicyOverrides> {
  const { steps, minDuration, maxDuration, every, probation, approve } = options;
  const file = options.policy === undefined ? {} : await readPolicyFile(options.policy);
  const accuracy = accuracyOf(options);
  const guards = file.guards ?? {};
  return {
    ...file,
    ...(steps === undefined ? {} : { steps: steps.split(',').map((step) => numberOf(step, '--steps')) }),
    ...(minDuration === undefined ? {} : { minDurationMs: parseDuration(minDuration, '--min-duration') }),
    ...(maxDuration === undefined ? {} : { maxDurationMs: parseDuration(maxDuration, '--max-duration') }),
    ...(every === undefined ? {} : { everyMs: parseDuration(every, '--every') }),
    ...(probation === undefined ? {} : { probationMs: parseDuration(probation, '--probation') }),
    ...(approve ? { approve } : {}),
    ...(accuracy === undefined
      ? {}
      : {
          guards: {
            ...guards,
            accuracy:
              accuracy === false
                ? false
                : { ...(typeof guards.accuracy === 'object' ? guards.accuracy : {}), ...accuracy },
          },
        }),
  };
}

/** Undefined where nothing is said of it. */
function accuracyOf(
  options: PolicyOptions,
): NonNullable<NonNullable<PolicyOverrides['guards']>['accuracy']> | undefined {
  const { accuracy: loss, margin, bound, minPairs, labelHorizon } = options;
  if (loss === 'off') return false;
  if (loss !== undefined && loss !== 'auto' && !(LOSSES as readonly string[]).includes(loss)) {
    throw new PerennialError('INVALID_INPUT', `--accuracy ${loss} is no loss.`, {
      field: '--accuracy',
      value: loss,
      expected: `auto, ${LOSSES.join(', ')} or off`,
    });
  }
  const given = {
    ...(loss === undefined ? {} : { loss: loss as 'auto' }),
    ...(margin === undefined ? {} : { margin: numberOf(margin, '--margin') }),
    ...(bound === undefined ? {} : { bound: numberOf(bound, '--bound') }),
    ...(minPairs === undefined ? {} : { minPairs: numberOf(minPairs, '--min-pairs') }),
    ...(labelHorizon === undefined ? {} : { labelHorizonMs: parseDuration(labelHorizon, '--label-horizon') }),
  };
  return Object.keys(given).length === 0 ? undefined : given;
}

function numberOf(text: string, option: string): number {
  const value = text.trim() === '' ? NaN : Number(text);
  if (Number.isFinite(value)) return value;
  throw new PerennialError('INVALID_INPUT', `${option} "${text}" is no number.`, {
    field: option,
    value: text,
    expected: option === '--steps' ? 'percentages such as 10,50' : 'a number',
  });
}

async function readPolicyFile(path: string): Promise<PolicyOverrides> {
  const wrong = (message: string, cause: unknown): PerennialError =>
    new PerennialError('INVALID_INPUT', message, {
      field: '--policy',
      value: path,
      expected: "a JSON file with an object such as a definition's `canary`",
      cause,
    });
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw wrong(`${path} cannot be read: ${(cause as Error).message}.`, cause);
  });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw wrong(`${path} is not JSON: ${(cause as Error).message}.`, cause);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw wrong(`${path} holds no object.`, undefined);
  return value;
}
