/**
 * Lets at most `limit` pieces of work run at the same time, in the order in which they came. One that is still waiting
 * when its signal is raised leaves the queue and rejects with the signal's reason.
 */
export function takeTurns(limit: number): <T>(work: () => Promise<T>, signal: AbortSignal) => Promise<T> {
  let free = limit;
  const waiting: (() => void)[] = [];

  function turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const enter = (): void => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const leave = (): void => {
        waiting.splice(waiting.indexOf(enter), 1);
        reject(signal.reason as Error);
      };
      waiting.push(enter);
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  return async (work, signal) => {
    signal.throwIfAborted();
    if (free > 0) free--;
    else await turn(signal);
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free++;
    }
  };
}
