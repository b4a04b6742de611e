import { connect, type PerennialClient } from '../client.ts';

/** One client for one command. */
export async function withClient<Result>(act: (client: PerennialClient) => Promise<Result>): Promise<Result> {
  const client = await connect();
  try {
    return await act(client);
  } finally {
    await client.close();
  }
}

/** Ctrl-C ends the waiting, not what is waited for. */
export async function untilInterrupted<Result>(
  act: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const interrupt = new AbortController();
  const onInterrupt = (): void => interrupt.abort();
  process.once('SIGINT', onInterrupt);
  process.once('SIGTERM', onInterrupt);
  try {
    return await act(interrupt.signal);
  } finally {
    process.off('SIGINT', onInterrupt);
    process.off('SIGTERM', onInterrupt);
  }
}
