import { createHash } from 'node:crypto';
import { mkdtemp, open } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { PerennialError } from '../config/errors.ts';
import { MEBIBYTE } from '../config/units.ts';
import { throwIfCancelled } from './engine.ts';
import { GzipCheck, isGzip } from './gzip.ts';
import type { ResolveOptions } from './types.ts';

const MAX_DOWNLOAD_BYTES = 16 * 1024 * MEBIBYTE;
const IDLE_TIMEOUT_MS = 60_000;
const ATTEMPTS = 3;
const MAX_REDIRECTS = 5;

/**
 * Streams an address into a file of the scratch folder and hashes it on the way. Errors of the network, answers
 * 429 and 5xx, and a damaged gzip stream are tried three times.
 *
 * @throws PerennialError SOURCE_NOT_FOUND (404, 410), SOURCE_UNREADABLE, CANCELLED
 */
export async function download(
  name: string,
  address: string,
  headers: Record<string, string>,
  options: ResolveOptions,
): Promise<{ path: string; digest: string; bytes: number }> {
  const folder = await mkdtemp(join(options.scratch, 'download-'));
  const path = join(folder, `${name}${suffix(address)}`);
  for (let attempt = 1; ; attempt++) {
    try {
      return { path, ...(await fetchInto(path, name, address, headers, options)) };
    } catch (error) {
      throwIfCancelled(options.signal);
      if (error instanceof PerennialError) throw error;
      if (attempt === ATTEMPTS) throw failed(name, address, describe(error), error);
      await delay(500 * 2 ** attempt, undefined, { signal: options.signal }).catch(() => undefined);
    }
  }
}

async function fetchInto(
  path: string,
  name: string,
  address: string,
  headers: Record<string, string>,
  options: ResolveOptions,
): Promise<{ digest: string; bytes: number }> {
  const limit = options.maxDownloadBytes ?? MAX_DOWNLOAD_BYTES;
  const idle = new IdleTimer(options.idleTimeoutMs ?? IDLE_TIMEOUT_MS);
  const signal = options.signal ? AbortSignal.any([options.signal, idle.signal]) : idle.signal;
  try {
    const response = await follow(name, address, headers, signal);
    const announced = Number(response.headers.get('content-length') ?? 0);
    if (announced > limit) throw tooLarge(name, address, limit);
    const hash = createHash('sha256');
    const file = await open(path, 'w');
    const check = isGzip(path) ? new GzipCheck() : undefined;
    let bytes = 0;
    try {
      for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
        idle.restart();
        bytes += chunk.length;
        if (bytes > limit) throw tooLarge(name, address, limit);
        hash.update(chunk);
        await check?.write(chunk);
        await file.writeFile(chunk);
        options.onProgress?.({ source: name, bytes });
      }
      await check?.end();
    } finally {
      check?.close();
      await file.close();
    }
    return { digest: hash.digest('hex'), bytes };
  } finally {
    idle.stop();
  }
}

/** Redirects by hand: `fetch` would send a secret header such as X-Api-Key on to another host. */
async function follow(
  name: string,
  address: string,
  headers: Record<string, string>,
  signal: AbortSignal,
): Promise<Response> {
  let url = new URL(address);
  let sent = headers;
  for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
    const response = await fetch(url, { headers: sent, signal, redirect: 'manual' });
    const location = response.headers.get('location');
    if (response.status < 300 || response.status >= 400 || location === null)
      return accept(name, address, response);
    await response.body?.cancel();
    const next = new URL(location, url);
    if (!/^https?:$/.test(next.protocol)) throw failed(name, address, `it redirects to ${next.protocol}`);
    if (next.origin !== url.origin) sent = {};
    url = next;
  }
  throw failed(name, address, `it redirects more than ${MAX_REDIRECTS} times`);
}

async function accept(name: string, address: string, response: Response): Promise<Response> {
  if (response.ok) return response;
  await response.body?.cancel();
  const answer = `it answers ${response.status} ${response.statusText}`.trim();
  if (response.status === 404 || response.status === 410) {
    throw new PerennialError('SOURCE_NOT_FOUND', `Source ${name}: ${shown(address)}: ${answer}.`, {
      field: `sources.${name}.from`,
      value: shown(address),
      expected: 'an address that answers 200',
    });
  }
  if (response.status === 429 || response.status >= 500) throw new Error(answer);
  throw failed(name, address, answer);
}

class IdleTimer {
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly signal = this.#controller.signal;

  constructor(timeoutMs: number) {
    this.#timer = setTimeout(
      () => this.#controller.abort(new Error(`nothing came for ${timeoutMs} ms`)),
      timeoutMs,
    );
  }
  restart(): void {
    this.#timer.refresh();
  }
  stop(): void {
    clearTimeout(this.#timer);
  }
}

function tooLarge(name: string, address: string, limit: number): PerennialError {
  return failed(name, address, `it has more than ${limit} bytes`);
}

function failed(name: string, address: string, why: string, cause?: unknown): PerennialError {
  return new PerennialError('SOURCE_UNREADABLE', `Source ${name}: ${shown(address)}: ${why}.`, {
    field: `sources.${name}.from`,
    value: shown(address),
    expected: 'an address that answers 200 with the whole file',
    cause,
  });
}

/** An address without its query, which may hold a key. */
function shown(address: string): string {
  const url = new URL(address);
  return `${url.origin}${url.pathname}`;
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? `: ${error.cause.message || error.cause.name}` : '';
  return `${error.message}${cause}`;
}

/** `.csv.gz` of `https://host/data/x.csv.gz?key=1`: readers tell compression by it. */
function suffix(address: string): string {
  const file = new URL(address).pathname.split('/').at(-1) ?? '';
  const last = extname(file);
  const text = /^\.(gz|zst)$/i.test(last) ? extname(file.slice(0, -last.length)) + last : last;
  return /^[.A-Za-z0-9]{0,16}$/.test(text) ? text : '';
}
