import {
  defaultGrpcRetryOptions,
  makeGrpcRetryInterceptor,
  type ConnectionOptions,
} from '@temporalio/client';

export interface Closing {
  /** For Connection.connect: the SDK's own retries, and what ends them. */
  interceptors: Interceptor[];
  /** From here on a call that is tried, or tried again, is told that it was cancelled. Call it before close(). */
  begin(): void;
}

type Interceptor = NonNullable<ConnectionOptions['interceptors']>[number];
type Call = ReturnType<Parameters<Interceptor>[1]>;

/**
 * The SDK waits in a timer before it tries a call again, and the timer outlives the connection: trying on a closed
 * channel throws where nobody can catch it and would end the process (@temporalio/client 1.24.0, grpc-retry.ts).
 */
export function makeClosing(): Closing {
  let closed = false;
  return {
    interceptors: [
      makeGrpcRetryInterceptor(defaultGrpcRetryOptions()),
      // The type asks for gRPC's own class; what is in front of this one uses its interface alone.
      (options, nextCall) => (closed ? cancelledCall() : nextCall(options)) as ReturnType<Interceptor>,
    ],
    begin: () => {
      closed = true;
    },
  };
}

/** gRPC's status CANCELLED, which is not tried again. */
const CANCELLED = 1;

function cancelledCall(): Call {
  const nothing = (): void => undefined;
  return {
    start(metadata, listener) {
      listener?.onReceiveMessage?.(null);
      listener?.onReceiveStatus?.({ code: CANCELLED, details: 'The connection is closed.', metadata });
    },
    sendMessage: nothing,
    sendMessageWithContext: nothing,
    startRead: nothing,
    halfClose: nothing,
    cancelWithStatus: nothing,
    getPeer: () => 'closed',
    getAuthContext: () => null,
  };
}
