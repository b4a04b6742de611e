import type { GatewayRow, GatewayStore } from '../store/routeTypes.ts';

export interface Lease {
  /** False once the last renewal began longer than the lease ago: this gateway may not know the newest routes. */
  holds(): boolean;
  /** Lets the next renewal come at once: something changed that others wait to see. */
  hurry(): void;
  /** Renews no more, and takes the gateway's row away where the database can be reached. */
  close(): Promise<void>;
}

export interface LeaseOptions {
  /** What the gateway says of itself at this moment. */
  state: () => Omit<GatewayRow, 'alive'>;
  /** What has to be known before the lease may be renewed: the routes. @throws where it cannot be read */
  refresh: () => Promise<void>;
  renewEveryMs?: number;
  leaseMs?: number;
  onLost?: (error: unknown) => void;
  onFound?: () => void;
}

export const LEASE_MS = 5_000;
const RENEW_EVERY_MS = 1_000;
const LEAVE_WITHIN_MS = 1_000;

/**
 * Renews the gateway's lease each second, beginning now. A renewal reads the routes first, so that who holds the lease
 * has read them within the last 5 s. The lease is counted from before the renewal's first statement, by this machine's
 * monotonic clock, and so ends no later here than in the database.
 */
export function holdLease(gateways: GatewayStore, options: LeaseOptions): Lease {
  const { renewEveryMs = RENEW_EVERY_MS, leaseMs = LEASE_MS } = options;
  let renewedMs = -Infinity;
  let lost = false;
  let closed = false;
  let wake: () => void = () => undefined;
  let hurried = false;

  async function renewOnce(): Promise<void> {
    const beganMs = performance.now();
    try {
      // A network that swallows everything leaves a query without an answer for a quarter of an hour.
      await within(leaseMs, readAndRenew());
      if (closed) return;
      renewedMs = beganMs;
      if (lost) options.onFound?.();
      lost = false;
    } catch (error) {
      if (!lost && !closed && performance.now() - renewedMs >= leaseMs) {
        lost = true;
        options.onLost?.(error);
      }
    }
  }

  async function readAndRenew(): Promise<void> {
    await options.refresh();
    if (!closed) await gateways.renew(options.state());
  }

  async function keepRenewing(): Promise<void> {
    while (!closed) {
      hurried = false;
      await renewOnce();
      if (closed || hurried) continue;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, renewEveryMs);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  const ended = keepRenewing();
  return {
    holds: () => performance.now() - renewedMs < leaseMs,
    hurry() {
      hurried = true;
      wake();
    },
    async close() {
      closed = true;
      wake();
      const leave = async (): Promise<void> => {
        await ended;
        await gateways.remove(options.state().id);
      };
      // A database that is away must not hold up the end; the row then counts as gone when its lease is over.
      await within(LEAVE_WITHIN_MS, leave()).catch(() => undefined);
    },
  };
}

async function within(ms: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`the database gave no answer within ${ms} ms`)), ms);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
