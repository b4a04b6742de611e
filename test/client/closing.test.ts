import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { Connection } from '@temporalio/client';
import { expect, inject, test } from 'vitest';
import { makeClosing } from '../../client/closing.ts';

test('a call that waits to be tried again when the connection is closed ends with it, and the process lives', async () => {
  const door = await openDoor(inject('temporalAddress'));
  const closing = makeClosing();
  const connection = await Connection.connect({ address: door.address, interceptors: closing.interceptors });
  door.shut();
  const call = connection.workflowService.getSystemInfo({});
  const ended = expect(call).rejects.toMatchObject({ code: 1, details: 'The connection is closed.' });
  // The first try has failed by now; the SDK tries again after 100, 200, 400 ms and so on.
  await new Promise((resolve) => setTimeout(resolve, 350));
  closing.begin();
  await connection.close();
  // Without `closing` the next try throws in a timer, and vitest fails on what nobody catches.
  await ended;
});

/** A way to a server that can be cut off. */
async function openDoor(target: string): Promise<{ address: string; shut: () => void }> {
  const [host, port] = target.split(':');
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(Number(port), host);
    for (const socket of [near, far]) sockets.add(socket.on('error', () => undefined));
    near.pipe(far).pipe(near);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    shut: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
