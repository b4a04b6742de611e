import type { FastifyInstance, FastifyRequest } from 'fastify';
import { PerennialError } from '../config/errors.ts';
import { parseJson } from './json.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** `performance.now()` when the last byte of the body was there. */
    receivedMs: number;
  }
}

/** Reads JSON in UTF-8 and nothing else; a plugin may add what it reads itself. */
export function readBodies(server: FastifyInstance): void {
  server.decorateRequest('receivedMs', 0);
  server.removeAllContentTypeParsers();
  server.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    request.receivedMs = performance.now();
    try {
      refuseCharset(request);
      done(null, parseJson(body));
    } catch (error) {
      done(error as Error);
    }
  });
  server.addHook('onRequest', (request, reply, done) => {
    const { httpVersionMajor, httpVersionMinor } = request.raw;
    // RFC 9112, 3.2. Node can see to it too, but without a word.
    const lacksHost = request.headers.host === undefined && httpVersionMinor > 0;
    if (httpVersionMajor !== 1 || lacksHost) {
      reply.header('connection', 'close');
      return done(notHttp(lacksHost ? 'host' : 'version'));
    }
    const encoding = request.headers['content-encoding'];
    if (encoding === undefined || encoding === 'identity') return done();
    done(unsupported('content-encoding', encoding, 'a body as it is'));
  });
}

function notHttp(field: string): PerennialError {
  const expected = 'an HTTP/1.1 request with a Host';
  return new PerennialError('INVALID_INPUT', `This is not a whole HTTP/1.1 request; expected ${expected}.`, {
    field,
    expected,
  });
}

const OTHER_CHARSET = /;\s*charset\s*=\s*"?(?!utf-?8"?\s*(?:;|$))/i;

function refuseCharset({ headers }: FastifyRequest): void {
  const type = headers['content-type'] ?? '';
  if (OTHER_CHARSET.test(type)) throw unsupported('content-type', type, 'application/json in UTF-8');
}

function unsupported(field: string, value: string, expected: string): PerennialError {
  return new PerennialError(
    'UNSUPPORTED_MEDIA',
    `The ${field} is ${JSON.stringify(value)}; expected ${expected}.`,
    {
      field,
      value,
      expected,
    },
  );
}
