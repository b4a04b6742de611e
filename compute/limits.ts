import { PerennialError } from '../config/errors.ts';

/** What a cross-validation may take. */
export interface Limits {
  /** From when its first fold begins. */
  ms?: number;
  /** Resident memory; it then runs in a process of its own, one fold after another. */
  bytes?: number;
}

/** It took more. Others go on. */
export class LimitExceeded extends Error {
  constructor(
    readonly limit: 'time' | 'memory',
    message: string,
  ) {
    super(message);
    this.name = 'LimitExceeded';
  }
}

/**
 * Ends the work when its time is over, which begins when the work says so.
 *
 * @throws LimitExceeded
 */
export async function within<R>(
  ms: number | undefined,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal | undefined, begin: () => void) => Promise<R>,
): Promise<R> {
  if (ms === undefined) return work(signal, () => undefined);
  const over = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  try {
    return await work(signal ? AbortSignal.any([signal, over.signal]) : over.signal, () => {
      timer ??= setTimeout(() => over.abort(), ms);
    });
  } catch (error) {
    const cancelled = error instanceof PerennialError && error.code === 'CANCELLED';
    if (cancelled && over.signal.aborted && !signal?.aborted)
      throw new LimitExceeded('time', `not done within ${ms} ms`);
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** What work gives, or that there was no memory for it. */
export function orOutOfMemory<R>(work: Promise<R>): Promise<R | LimitExceeded> {
  return work.catch((error: unknown) => {
    if (isOutOfMemory(error)) return new LimitExceeded('memory', 'its thread had no memory left');
    throw error;
  });
}

/** A thread whose heap is full ends, and a typed array that does not fit is a RangeError: the process lives on. */
export function isOutOfMemory(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return (
    ('code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY') ||
    error.message === 'Array buffer allocation failed'
  );
}
