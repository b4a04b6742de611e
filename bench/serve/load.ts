import autocannon from 'autocannon';
import { cpuSeconds } from './cpuTime.ts';

/** One request that is sent over and over. */
export interface Target {
  url: string;
  body: string | Buffer;
  headers: Record<string, string>;
}

/** A target and the process that serves it. */
export interface Server {
  target: Target;
  pid: number;
}

export interface Measured {
  requestsPerSecond: number;
  /** Of answers, milliseconds. */
  p50Ms: number;
  p99Ms: number;
  /** Of the server's processes, without its database. */
  cpuMs?: number;
}

export const CONNECTIONS = 10;

/**
 * Drives one server with autocannon: as many requests as it answers over 10 connections.
 *
 * @throws where any request failed or was refused: a figure with errors in it means nothing
 */
export async function drive({ target, pid }: Server, seconds: number): Promise<Measured> {
  const { url, body, headers } = target;
  const before = cpuSeconds(pid);
  // Its own histogram holds whole milliseconds.
  const times: number[] = [];
  const result = await new Promise<autocannon.Result>((resolve, reject) => {
    const run = autocannon(
      { url, method: 'POST', body, headers, connections: CONNECTIONS, duration: seconds },
      (error: Error | null, finished: autocannon.Result) => (error ? reject(error) : resolve(finished)),
    );
    run.on('response', (_client, _status, _bytes, ms) => void times.push(ms));
  });
  const failed = result.errors + result.timeouts + result.non2xx;
  if (failed > 0 || times.length === 0) {
    throw new Error(
      `${url}: ${failed} of ${times.length} requests failed (${JSON.stringify(result.statusCodeStats)})`,
    );
  }
  const after = cpuSeconds(pid);
  times.sort((a, b) => a - b);
  const quantile = (share: number) => times[Math.min(times.length - 1, Math.floor(share * times.length))];
  return {
    requestsPerSecond: times.length / result.duration,
    p50Ms: quantile(0.5),
    p99Ms: quantile(0.99),
    cpuMs: before === undefined || after === undefined ? undefined : ((after - before) * 1000) / times.length,
  };
}

/** Of several measurements: each figure's own median. */
export function medianOf(measured: readonly Measured[]): Measured {
  const middle = (pick: (one: Measured) => number) => {
    const sorted = measured.map(pick).sort((a, b) => a - b);
    const half = sorted.length >> 1;
    return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
  };
  return {
    requestsPerSecond: middle((one) => one.requestsPerSecond),
    p50Ms: middle((one) => one.p50Ms),
    p99Ms: middle((one) => one.p99Ms),
    cpuMs: measured.every(({ cpuMs }) => cpuMs !== undefined) ? middle(({ cpuMs = 0 }) => cpuMs) : undefined,
  };
}
