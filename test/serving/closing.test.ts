import { once } from 'node:events';
import { connect, type AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { serve } from './httpServer.ts';

test('while the server closes, who is connected is answered, and told to close', async () => {
  const arrived: string[] = [];
  let finish = (): void => undefined;
  const finished = new Promise<void>((resolve) => (finish = resolve));
  const http = await serve([], {
    plugins: [
      async (app) => {
        app.get('/slow', { config: { role: 'anyone' } }, async () => {
          arrived.push('slow');
          await finished;
          return { slow: true };
        });
        app.get('/late', { config: { role: 'anyone' } }, () => {
          arrived.push('late');
          return { late: true };
        });
      },
    ],
  });
  const { server } = http;
  await server.listen({ host: '127.0.0.1', port: 0 });
  const socket = connect((server.server.address() as AddressInfo).port, '127.0.0.1');
  let text = '';
  socket.on('data', (bytes) => (text += bytes.toString()));
  socket.write('GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await expect.poll(() => arrived, { timeout: 20_000 }).toEqual(['slow']);

  const closed = http.close();
  await expect.poll(() => server.server.listening, { timeout: 20_000 }).toBe(false);
  // Behind the first one, on the same connection.
  socket.write('GET /late HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await expect.poll(() => arrived, { timeout: 20_000 }).toEqual(['slow', 'late']);
  finish();
  await Promise.all([closed, once(socket, 'close')]);
  const [first, second] = text.split('HTTP/1.1 ').slice(1);
  expect(first).toMatch(/^200 OK[^]*\{"slow":true\}$/);
  expect(second).toMatch(/^200 OK[^]*connection: close[^]*\{"late":true\}$/i);
});
