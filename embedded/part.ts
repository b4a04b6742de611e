import { PerennialError } from '../config/errors.ts';
import type { RunningProcess } from './launch.ts';

/** One process of the stack, started again whenever it ends. */
export interface Part {
  /** Settles with the first start; rejects with what it threw. */
  started: Promise<void>;
  /** Ends it, also in the middle of a start, and lets it stay ended. */
  stop(): Promise<void>;
}

export interface PartChange {
  state: 'ended' | 'failed' | 'back';
  message: string;
}

type Start = (onSpawn: (child: RunningProcess) => void) => Promise<RunningProcess>;

/**
 * Starts a part and keeps it running. A part that ends is started again after 0.1 s; one that keeps ending after a
 * wait that doubles up to 10 s, since what ails it may be another part that is on its way back.
 *
 * @param onChange hears of every later end, failed start and return.
 */
export function keepRunning(start: Start, onChange: (change: PartChange) => void): Part {
  const stopping = new AbortController();
  let current: RunningProcess | undefined;
  const begin = () =>
    start((child) => {
      current = child;
      if (stopping.signal.aborted) void child.stop();
    });
  const first = begin();
  const watched = first.then(
    (running) => watch(running, begin, onChange, stopping.signal),
    () => undefined,
  );
  return {
    started: first.then(() => undefined),
    async stop() {
      stopping.abort();
      await current?.stop();
      // Where a start was under way it has spawned by now, was told to end, and did.
      await watched;
    },
  };
}

const FIRST_WAIT_MS = 100;
const LAST_WAIT_MS = 10_000;
/** A part that ran this long was well; its next end starts the count anew. */
const STEADY_MS = 60_000;

async function watch(
  first: RunningProcess,
  begin: () => Promise<RunningProcess>,
  onChange: (change: PartChange) => void,
  stopping: AbortSignal,
): Promise<void> {
  let running: RunningProcess | undefined = first;
  let waitMs = FIRST_WAIT_MS;
  for (;;) {
    const since = performance.now();
    const why = await running.exited;
    if (stopping.aborted) return;
    onChange({ state: 'ended', message: why });
    const ended = performance.now();
    if (ended - since > STEADY_MS) waitMs = FIRST_WAIT_MS;
    for (running = undefined; running === undefined; waitMs = Math.min(waitMs * 2, LAST_WAIT_MS)) {
      await pause(waitMs, stopping);
      if (stopping.aborted) return;
      try {
        running = await begin();
      } catch (error) {
        if (stopping.aborted) return;
        onChange({
          state: 'failed',
          message: error instanceof PerennialError ? error.message : String(error),
        });
      }
    }
    onChange({ state: 'back', message: `back after ${((performance.now() - ended) / 1000).toFixed(1)} s` });
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
  });
}
