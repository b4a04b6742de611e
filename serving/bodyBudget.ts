import type { FastifyInstance } from 'fastify';
import { PerennialError } from '../config/errors.ts';
import { KIBIBYTE } from '../config/units.ts';
import type { GatewayLimits } from './types.ts';

/** Open at the same time; a loitering one holds some 10 KiB. */
const MAX_CONNECTIONS = 10_000;
/** Smaller bodies are not counted: 10,000 of them are 640 MiB at the very worst. */
const SMALL_BODY_BYTES = 64 * KIBIBYTE;
/** Of the largest size, on their way at the same time. */
const MAX_LARGE_BODIES = 8;

/**
 * Bounds what is held for requests before they can be counted as such: connections, and the bodies that are on their
 * way. A large body is counted as long as it says it is; one in chunks says nothing and counts as the largest.
 */
export function limitBodies(
  server: FastifyInstance,
  { maxBodyBytes }: Pick<GatewayLimits, 'maxBodyBytes'>,
): void {
  server.server.maxConnections = MAX_CONNECTIONS;
  const maxBytes = MAX_LARGE_BODIES * maxBodyBytes;
  let bytes = 0;

  server.addHook('onRequest', (request, reply, done) => {
    const { 'content-length': length, 'transfer-encoding': coding } = request.headers;
    const expected = coding === undefined ? Number(length ?? 0) : maxBodyBytes;
    // What is over the limit is refused before it is read.
    if (expected <= SMALL_BODY_BYTES || expected > maxBodyBytes) return done();
    if (bytes + expected > maxBytes) {
      reply.header('connection', 'close');
      return done(
        new PerennialError('OVERLOADED', `${bytes} bytes of requests are on their way.`, {
          value: `${bytes} bytes`,
          expected: 'fewer or smaller requests at the same time',
        }),
      );
    }
    bytes += expected;
    reply.raw.once('close', () => (bytes -= expected));
    done();
  });
}
