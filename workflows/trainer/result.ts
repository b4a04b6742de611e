import type { Payload } from '@temporalio/common';
import { MAX_PAYLOAD_BYTES } from '../../config/units.ts';
import type { TrainerOutcome } from '../trainerMessages.ts';

/** The result of a trainer's activity, as its worker encoded it: JSON of a size that may go on, or a refusal. */
export function readResult(payload: Payload | undefined, taskQueue: string): TrainerOutcome {
  const { metadata, data } = payload ?? {};
  const refused = (found: string, expected: string): TrainerOutcome => ({
    failure: {
      status: 'refused',
      reason: `its trainer on the task queue "${taskQueue}" answered ${found}; expected ${expected}`,
    },
  });
  const encoding = metadata?.encoding ? decode(metadata.encoding) : 'none';
  if (encoding === NOTHING || !payload) return { answer: 'null' };
  if (encoding !== JSON_TEXT)
    return refused(
      `in the encoding "${encoding.slice(0, 100)}"`,
      `one JSON object (${JSON_TEXT}), as docs/trainers.md says`,
    );
  const answer = data ? decode(data) : '';
  // As it goes on: in quotes, and in UTF-8.
  const bytes = new TextEncoder().encode(JSON.stringify(answer)).length;
  if (bytes > MAX_PAYLOAD_BYTES)
    return refused(
      `${bytes} bytes`,
      `at most ${MAX_PAYLOAD_BYTES}: numbers for rows belong into an artifact, answersDigest`,
    );
  return { answer };
}

/** Of Temporal's payloads. */
const JSON_TEXT = 'json/plain';
const NOTHING = 'binary/null';

/** Bytes that are no UTF-8 become question marks, and the activity that reads the text says what is wrong. */
function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
