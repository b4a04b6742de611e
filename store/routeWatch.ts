import { Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import pg from 'pg';
import type { RouteStore } from './routeTypes.ts';

/**
 * Listens for changes of routes on connections of their own: one that listens cannot go back to a pool. The database must
 * be reached directly or through a pooler in session mode.
 */
export function routeWatch(
  databaseUrl: string,
  schema: string,
  applicationName: string,
): { watch: RouteStore['watch']; close(): Promise<void> } {
  const open = new Set<() => Promise<void>>();
  return {
    async watch(onChange) {
      const stop = new AbortController();
      let ended = Promise.resolve();
      const close = () => {
        open.delete(close);
        stop.abort();
        return ended;
      };
      open.add(close);
      await new Promise<void>((attempted) => {
        ended = keepListening({ databaseUrl, schema, applicationName }, onChange, stop.signal, attempted);
      });
      return { close };
    },
    close: async () => void (await Promise.all([...open].map((close) => close()))),
  };
}

/** A server that hangs, or a network that lost the connection without a word, is noticed within two of these. */
const HEARTBEAT_MS = 5_000;
const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 2_000;

interface Place {
  databaseUrl: string;
  schema: string;
  applicationName: string;
}

/** @param onAttempt called when the first connection listens, or could not be made */
async function keepListening(
  place: Place,
  onChange: (name: string | undefined) => void,
  signal: AbortSignal,
  onAttempt: () => void,
): Promise<void> {
  let waitMs = FIRST_WAIT_MS;
  let missed = false;
  while (!signal.aborted) {
    await listenOnce(place, onChange, signal, () => {
      waitMs = FIRST_WAIT_MS;
      onAttempt();
      // Listening comes first: what changes from here on is told, what changed before can be read.
      if (missed) onChange(undefined);
    }).catch(() => undefined);
    missed = true;
    onAttempt();
    // Spread, so that many gateways do not come back to a restarted database in one moment.
    await setTimeout(waitMs * (0.5 + Math.random()), undefined, { signal }).catch(() => undefined);
    waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
  }
}

/** Comes back when `signal` says so; throws when the connection cannot be made, is lost, or does not answer in time. */
async function listenOnce(
  { databaseUrl, schema, applicationName }: Place,
  onChange: (name: string) => void,
  signal: AbortSignal,
  onListening: () => void,
): Promise<void> {
  // Its own, because ending a client waits for a server, which may hang.
  const socket = new Socket();
  const client = new pg.Client({
    connectionString: databaseUrl,
    application_name: applicationName,
    stream: () => socket,
    keepAlive: true,
    connectionTimeoutMillis: 10_000,
    query_timeout: HEARTBEAT_MS,
  });
  const over = new AbortController();
  const hangUp = () => {
    over.abort();
    socket.destroy();
  };
  client.on('error', hangUp);
  client.on('end', hangUp);
  client.on('notification', ({ payload }) => {
    if (payload !== undefined && !over.signal.aborted) onChange(payload);
  });
  signal.addEventListener('abort', hangUp, { once: true });
  try {
    signal.throwIfAborted();
    await client.connect();
    // As the trigger tell_gateways computes it.
    const { rows } = await client.query<{ channel: string }>(
      `SELECT format('perennial_routes_%s', hashtextextended($1, 0)) AS channel`,
      [schema],
    );
    await client.query(`LISTEN ${pg.escapeIdentifier(rows[0].channel)}`);
    onListening();
    for (;;) {
      await setTimeout(HEARTBEAT_MS, undefined, { signal: over.signal });
      await client.query('SELECT');
    }
  } finally {
    signal.removeEventListener('abort', hangUp);
    hangUp();
  }
}
