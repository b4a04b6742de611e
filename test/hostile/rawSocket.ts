import { connect, type Socket } from 'node:net';

/** What a server said on a raw connection, until it closed it. */
export interface RawAnswer {
  /** Of each answer, in order. */
  statuses: number[];
  text: string;
}

/**
 * Sends bytes as they are, a pause after each piece where `pauseMs` says so, and reads until the server closes. The last
 * piece again and again where it is to be repeated, until the server will not have it.
 */
export function speak(
  port: number,
  pieces: readonly (string | Uint8Array)[],
  {
    pauseMs = 0,
    repeatLast = false,
    end = false,
  }: { pauseMs?: number; repeatLast?: boolean; end?: boolean } = {},
): Promise<RawAnswer> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const said: Buffer[] = [];
    let timer: NodeJS.Timeout | undefined;
    let next = 0;
    const send = (): void => {
      if (socket.destroyed || !socket.writable) return;
      if (next === pieces.length && !repeatLast) return void (end && socket.end());
      socket.write(pieces[Math.min(next++, pieces.length - 1)]);
      timer = setTimeout(send, pauseMs);
    };
    socket.on('connect', send);
    socket.on('data', (bytes) => said.push(bytes));
    // A server that closes while it is being written to resets the connection.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(timer);
      const text = Buffer.concat(said).toString('latin1');
      const statuses = [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
      resolve({ statuses, text });
    });
  });
}

/** Connections that are begun and never finished. */
export function loiter(port: number, count: number, bytes: string): Socket[] {
  return Array.from({ length: count }, () => {
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    socket.on('error', () => undefined);
    socket.resume();
    return socket;
  });
}
