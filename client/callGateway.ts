import { Agent, request } from 'node:http';

/** A caller of a gateway that is patient with it. */
export interface GatewayCaller {
  /**
   * Posts JSON until it is answered: a 503 or 429 is obeyed (Retry-After), a connection that breaks is tried again.
   *
   * @returns the body of a 200; undefined for a refusal, and where nothing answered for a minute
   */
  post(path: string, body: object): Promise<string | undefined>;
  /** Calls that were tried again. */
  readonly retried: number;
  /** What the first refusal said. */
  readonly refusal: string | undefined;
  close(): void;
}

const PATIENCE_MS = 60_000;
const TIMEOUT_MS = 30_000;
const AFTER_BREAK_MS = 200;

/** @param connections kept open, and the most that are used at the same time */
export function openCaller(url: string, connections: number): GatewayCaller {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  let retried = 0;
  let refusal: string | undefined;
  /** Until then the gateway wants to be left alone, by everybody. */
  let quietUntil = 0;

  async function post(path: string, body: object): Promise<string | undefined> {
    const text = JSON.stringify(body);
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      const quietMs = quietUntil - performance.now();
      if (quietMs > 0) await new Promise((resolve) => setTimeout(resolve, quietMs));
      const answer = await send(agent, new URL(path, url), text).catch(() => undefined);
      if (answer?.status === 200) return answer.text;
      if (answer && answer.status !== 503 && answer.status !== 429) {
        refusal ??= `POST ${path}: ${answer.status} ${answer.text}`;
        return undefined;
      }
      if (performance.now() > deadline) {
        refusal ??= `POST ${path}: no answer for ${PATIENCE_MS / 1_000} s`;
        return undefined;
      }
      retried++;
      quietUntil = Math.max(quietUntil, performance.now() + (answer?.retryAfterMs ?? AFTER_BREAK_MS));
    }
  }

  return {
    post,
    get retried() {
      return retried;
    },
    get refusal() {
      return refusal;
    },
    close: () => agent.destroy(),
  };
}

interface Answer {
  status: number;
  text: string;
  retryAfterMs: number;
}

/** node:http costs half of what fetch does, and the caller shares two cores with the gateway that it asks. */
function send(agent: Agent, url: URL, text: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
    const call = request(url, { method: 'POST', agent, headers, timeout: TIMEOUT_MS }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          text: Buffer.concat(chunks).toString(),
          retryAfterMs: 1_000 * (Number(response.headers['retry-after']) || 1),
        }),
      );
    });
    call.on('timeout', () => call.destroy(new Error(`no answer in ${TIMEOUT_MS / 1_000} s`)));
    call.on('error', reject);
    call.end(text);
  });
}
