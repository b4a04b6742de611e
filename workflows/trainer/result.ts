import type { Payload } from '@temporalio/common';
import { MAX_PAYLOAD_BYTES } from '../../config/units.ts';
import { JSON_ENCODING, readPayload } from '../rawPayload.ts';
import type { TrainerOutcome } from '../trainerMessages.ts';

/** The result of a trainer's activity, as its worker encoded it: JSON of a size that may go on, or a refusal. */
export function readResult(payload: Payload | undefined, taskQueue: string): TrainerOutcome {
  const refused = (found: string, expected: string): TrainerOutcome => ({
    failure: {
      status: 'refused',
      reason: `its trainer on the task queue "${taskQueue}" answered ${found}; expected ${expected}`,
    },
  });
  if (!payload) return { answer: 'null' };
  const { encoding, text: answer } = readPayload(payload);
  if (encoding === NOTHING) return { answer: 'null' };
  if (encoding !== JSON_ENCODING)
    return refused(
      `in the encoding "${encoding.slice(0, 100)}"`,
      `one JSON object (${JSON_ENCODING}), as docs/trainers.md says`,
    );
  // As it goes on: in quotes, and in UTF-8.
  const bytes = new TextEncoder().encode(JSON.stringify(answer)).length;
  if (bytes > MAX_PAYLOAD_BYTES)
    return refused(
      `${bytes} bytes`,
      `at most ${MAX_PAYLOAD_BYTES}: numbers for rows belong into an artifact, answersDigest`,
    );
  return { answer };
}

/** Of a payload that holds nothing. */
const NOTHING = 'binary/null';
