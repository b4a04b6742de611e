import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { PerennialError } from '../config/errors.ts';
import type { ApartQuestion, ApartReply } from './apartChild.ts';
import { LimitExceeded } from './limits.ts';
import type { FoldScore } from './thread.ts';

const CHILD = fileURLToPath(new URL('./apart.mjs', import.meta.url));
const MAX_ERROR_CHARACTERS = 2_000;

/**
 * Scores folds in a process of their own: the memory of a thread cannot be bounded, as typed arrays lie outside of
 * the heap that `resourceLimits` of worker_threads knows. The data is copied there, and a start takes about a second.
 *
 * @throws LimitExceeded where the process took more memory than it may, or the system killed it; PerennialError CANCELLED
 */
export function scoreApart(
  question: ApartQuestion,
  { signal, onFold }: { signal?: AbortSignal; onFold?: (done: number) => void },
): Promise<FoldScore[]> {
  if (signal?.aborted) return Promise.reject(cancelled(signal));
  const child = fork(CHILD, {
    execArgv: [],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  return new Promise((resolve, reject) => {
    let errors = '';
    child.stderr?.on(
      'data',
      (chunk: Buffer) => (errors = (errors + chunk.toString()).slice(-MAX_ERROR_CHARACTERS)),
    );
    const interrupt = (): void => end(() => reject(cancelled(signal)));
    signal?.addEventListener('abort', interrupt, { once: true });
    child.on('message', (reply: ApartReply) => {
      if ('fold' in reply) onFold?.(reply.fold);
      else if ('scores' in reply) end(() => resolve(reply.scores));
      else if ('outOfMemory' in reply) end(() => reject(new LimitExceeded('memory', reply.outOfMemory)));
      else end(() => reject(new Error(reply.failure)));
    });
    child.once('error', (error) => end(() => reject(error)));
    child.once('close', (code, killedBy) =>
      end(() => {
        // Nobody here sent it: that is what the system does where memory is used up.
        if (killedBy === 'SIGKILL') reject(new LimitExceeded('memory', 'the system killed its process'));
        else reject(new Error(`The process of a candidate ended with ${killedBy ?? code}: ${errors.trim()}`));
      }),
    );
    child.send(question, (error) => {
      if (error) end(() => reject(error));
    });

    let ended = false;
    function end(settle: () => void): void {
      if (ended) return;
      ended = true;
      signal?.removeEventListener('abort', interrupt);
      child.kill('SIGKILL');
      settle();
    }
  });
}

function cancelled(signal: AbortSignal | undefined): PerennialError {
  return new PerennialError('CANCELLED', 'Computing was cancelled.', { cause: signal?.reason });
}
