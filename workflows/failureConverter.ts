import {
  DefaultFailureConverter,
  type PayloadConverter,
  type ProtoFailure,
  type SerializationContext,
} from '@temporalio/common';

/**
 * How workflows read failures: as Temporal does, but what a failure carries beside its message, and cannot be decoded, is
 * left out. A trainer of one's own, in any language, says what it likes in an error's details and in its heartbeats; a
 * workflow's task would fail on them again and again.
 */
class LenientFailureConverter extends DefaultFailureConverter {
  override failureToError(
    failure: ProtoFailure,
    converter: PayloadConverter,
    context?: SerializationContext,
  ): Error {
    return super.failureToError(failure, lenient(converter), context);
  }
}

function lenient(converter: PayloadConverter): PayloadConverter {
  return {
    toPayload: (value, context, hint) => converter.toPayload(value, context, hint),
    fromPayload: <T>(...given: Parameters<PayloadConverter['fromPayload']>): T => {
      try {
        return converter.fromPayload(...given) as T;
      } catch {
        return undefined as T;
      }
    },
  };
}

/** By this name the bundle of the workflows takes it. */
export const failureConverter = new LenientFailureConverter();
