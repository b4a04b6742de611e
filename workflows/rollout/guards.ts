import { rawValueTypeInfo, type RawValue } from '@temporalio/common';
import { isCancellation, scheduleActivity } from '@temporalio/workflow';
import type { CustomResult } from '../../decisions/canary/counts.ts';
import { rootMessage } from '../failures.ts';
import { JSON_ENCODING, readPayload } from '../rawPayload.ts';
import type { CustomGuardQuestion } from '../rolloutMessages.ts';
import type { Rollout } from './state.ts';

/**
 * Asks the guards of the user's own, all at the same time, each on its task queue. One that does not answer in its
 * time (and before the next look would be due: meanwhile nobody counts errors), fails, or answers something else is
 * undecided; the next look asks again.
 */
export function askGuards(rollout: Rollout): Promise<CustomResult[]> {
  const { input, state } = rollout;
  const stage = state.stages.at(-1);
  return Promise.all(
    input.policy.guards.custom.map(async (guard): Promise<CustomResult> => {
      const question: CustomGuardQuestion = {
        apiVersion: 1,
        rollout: rollout.id,
        name: input.name,
        championVersion: state.championVersion,
        challengerVersion: input.challengerVersion,
        stage: stage?.stage ?? 0,
        weight: stage?.weight ?? 0,
        startedAt: stage?.startedAt ?? state.startedAt,
        look: state.looks + 1,
        parameters: guard.parameters,
      };
      try {
        const options = {
          taskQueue: guard.taskQueue,
          scheduleToCloseTimeout: Math.min(guard.timeoutMs, input.policy.everyMs),
          retry: { maximumAttempts: 1 },
          summary: `Guard ${guard.name}`,
        };
        const typeInfo = { outputType: rawValueTypeInfo };
        const answer = await scheduleActivity<RawValue | undefined>(
          guard.activity,
          [question],
          options,
          typeInfo,
        );
        return { guard: guard.name, ...understood(jsonOf(answer?.payload)) };
      } catch (error) {
        if (isCancellation(error)) throw error;
        return {
          guard: guard.name,
          state: 'undecided',
          reason: shortened(`No answer: ${rootMessage(error)}`),
        };
      }
    }),
  );
}

/** Undefined where it is no JSON. */
function jsonOf(payload: RawValue['payload'] | undefined): unknown {
  if (!payload) return undefined;
  const { encoding, text } = readPayload(payload);
  if (encoding !== JSON_ENCODING) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function understood(answer: unknown): Omit<CustomResult, 'guard'> {
  const { state, reason } = (typeof answer === 'object' && answer !== null ? answer : {}) as Record<
    string,
    unknown
  >;
  if ((state === 'pass' || state === 'fail' || state === 'undecided') && typeof reason === 'string')
    return { state, reason: shortened(reason) };
  return {
    state: 'undecided',
    reason: 'It answered something else than { state: pass, fail or undecided, reason }.',
  };
}

/** Twenty guards' reasons travel with the counts and the verdict in 32 KiB. */
const MAX_REASON_CHARACTERS = 200;

function shortened(text: string): string {
  return text.length > MAX_REASON_CHARACTERS ? `${text.slice(0, MAX_REASON_CHARACTERS)}...` : text;
}
