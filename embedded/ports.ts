import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, connect } from 'node:net';
import { join } from 'node:path';
import { PerennialError } from '../config/errors.ts';
import { writeState } from './files.ts';

export const LOOPBACK = '127.0.0.1';

export interface Ports {
  temporal: number;
  ui: number;
  postgres: number;
  gateway: number;
}

/** The ports that this home used last, so that an address that somebody noted stays right; others where taken. */
export async function choosePorts(home: string): Promise<Ports> {
  const file = join(home, 'ports.json');
  const last = readPorts(file);
  const taken = new Set<number>();
  const pick = async (wanted?: number): Promise<number> => {
    const port = wanted && !taken.has(wanted) && (await isFree(wanted)) ? wanted : await findFree(taken);
    taken.add(port);
    return port;
  };
  const ports = {
    temporal: await pick(last.temporal),
    ui: await pick(last.ui),
    postgres: await pick(last.postgres),
    gateway: await pick(last.gateway),
  };
  writeState(file, ports);
  return ports;
}

/** Resolves once somebody accepts connections, false where nobody did in time or `gaveUp` settled first. */
export async function waitForPort(
  port: number,
  timeoutMs: number,
  gaveUp: Promise<unknown>,
): Promise<boolean> {
  let over = false;
  void gaveUp.then(() => (over = true));
  const deadline = performance.now() + timeoutMs;
  while (!over && performance.now() < deadline) {
    if (await accepts(port)) return true;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return false;
}

export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, LOOPBACK, () => server.close(() => resolve(true)));
  });
}

/**
 * Below every system's ephemeral range (Linux from 32768, macOS from 49152): a port of that range may be taken as the
 * source of an outgoing connection while the server that owns it restarts, even by a client that waits for it.
 */
const FIRST_PORT = 20_000;
const LAST_PORT = 32_000;

async function findFree(taken: Set<number>): Promise<number> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const port = randomInt(FIRST_PORT, LAST_PORT);
    if (!taken.has(port) && (await isFree(port))) return port;
  }
  throw new PerennialError(
    'STACK_UNAVAILABLE',
    `No free port on ${LOOPBACK} between ${FIRST_PORT} and ${LAST_PORT}.`,
  );
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, LOOPBACK);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

function readPorts(file: string): Partial<Ports> {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Partial<Ports>;
  } catch {
    return {};
  }
}
