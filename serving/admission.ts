import { PerennialError } from '../config/errors.ts';
import type { GatewayLimits } from './types.ts';

/** What is under way is bounded, so that an answer that is promised is also given. */
export interface Admission {
  /** Takes a request in. Each is followed by one `leave`. @throws PerennialError OVERLOADED */
  enter(rows: number): void;
  leave(rows: number): void;
  readonly requests: number;
  readonly rows: number;
  /** Takes nothing in any more. */
  close(): void;
  /** Resolves once nothing is under way. */
  idle(): Promise<void>;
}

/** @throws from `enter` beyond `maxRequestsUnderWay` requests or `maxRowsUnderWay` rows */
export function createAdmission(
  limits: Pick<GatewayLimits, 'maxRowsUnderWay' | 'maxRequestsUnderWay'>,
): Admission {
  let requests = 0;
  let rows = 0;
  let closed = false;
  const waiting: (() => void)[] = [];

  return {
    get requests() {
      return requests;
    },
    get rows() {
      return rows;
    },
    enter(more) {
      if (closed) throw overloaded('The gateway is stopping.', requests, 'another gateway');
      if (requests >= limits.maxRequestsUnderWay)
        throw overloaded(`${requests} requests are under way.`, requests, 'fewer at the same time');
      // One by itself may be larger than what is left for many: it is taken when nothing else is there.
      if (rows > 0 && rows + more > limits.maxRowsUnderWay)
        throw overloaded(`${rows} rows are under way.`, rows, 'fewer at the same time');
      requests++;
      rows += more;
    },
    leave(more) {
      requests--;
      rows -= more;
      if (requests === 0) for (const resolve of waiting.splice(0)) resolve();
    },
    close: () => void (closed = true),
    idle: () => (requests === 0 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve))),
  };
}

function overloaded(message: string, value: number, expected: string): PerennialError {
  return new PerennialError('OVERLOADED', `${message} Nothing was computed.`, { value, expected });
}
