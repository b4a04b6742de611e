import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Question, Reply } from './parityChild.ts';

/** Why there is no reply: the process was killed, interrupted, or out of time. */
export interface Unjudged {
  unjudged: string;
}

export interface AskOptions {
  deadlineMs: number;
  signal?: AbortSignal;
  /** The process ends where it holds more; default: no limit. */
  memoryBytes?: number;
}

/**
 * Asks a model in a new process, and ends that process whatever happens: ONNX Runtime cannot be interrupted otherwise.
 * Never throws.
 */
export function askModel(question: Question, options: AskOptions): Promise<Reply | Unjudged> {
  const { deadlineMs, signal, memoryBytes = 0 } = options;
  if (signal?.aborted) return Promise.resolve({ unjudged: 'interrupted' });
  // No execArgv: the parent's belong to tsx or vitest. `advanced` carries typed arrays as they are.
  const child = fork(CHILD, [String(deadlineMs + ORPHAN_GRACE_MS), String(memoryBytes)], {
    execArgv: [],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  return new Promise((resolve) => {
    let errors = '';
    child.stderr?.on(
      'data',
      (chunk: Buffer) => (errors = (errors + chunk.toString()).slice(-MAX_ERROR_CHARACTERS)),
    );
    const timer = setTimeout(() => end({ unjudged: `no answer within ${deadlineMs} ms` }), deadlineMs);
    const interrupt = (): void => end({ unjudged: 'interrupted' });
    signal?.addEventListener('abort', interrupt, { once: true });
    child.once('message', (reply) => end(reply as Reply));
    child.once('error', (error) => end({ unjudged: error.message }));
    child.once('close', (code, killedBy) =>
      end({ unjudged: `the process ended with ${killedBy ?? code}: ${errors.trim()}` }),
    );
    child.send(question, (error) => {
      if (error) end({ unjudged: error.message });
    });

    let ended = false;
    function end(reply: Reply | Unjudged): void {
      if (ended) return;
      ended = true;
      clearTimeout(timer);
      signal?.removeEventListener('abort', interrupt);
      child.kill('SIGKILL');
      resolve(reply);
    }
  });
}

const CHILD = fileURLToPath(new URL('./parity.mjs', import.meta.url));
/** Later than this, a process whose parent died ends itself. */
const ORPHAN_GRACE_MS = 5_000;
const MAX_ERROR_CHARACTERS = 2_000;
