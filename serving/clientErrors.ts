import { STATUS_CODES, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { v7 } from 'uuid';
import { ERRORS, PerennialError } from '../config/errors.ts';
import { errorBody } from './errors.ts';

/**
 * Answers with a reason what Node would answer without one, or not at all, before there is a request for Fastify: what
 * its parser refuses (`clientError`), expectations that nobody can fulfil, and tunnels.
 */
export function answerStrangers(server: Server): void {
  server.on('checkExpectation', (_request, response: ServerResponse) => {
    const body = bodyOf(
      new PerennialError('INVALID_INPUT', 'The header Expect is not understood.', { field: 'expect' }),
    );
    response.writeHead(417, { connection: 'close', 'content-type': JSON_TYPE }).end(body);
  });
  server.on('connect', (_request, socket: Socket) => {
    refuse(
      socket,
      405,
      new PerennialError('INVALID_INPUT', 'This gateway opens no tunnels.', { field: 'method' }),
    );
  });
}

/** Answers what Node's HTTP parser refuses before there is a request, and closes the connection. */
export function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  // Nobody is there any more, or an answer to an earlier request is under way and bytes between would spoil it.
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const [status, refusal] = refusalOf(error);
  refuse(socket, status, refusal);
}

function refuse(socket: Socket, status: number, refusal: PerennialError): void {
  const body = bodyOf(refusal);
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nconnection: close\r\ncontent-type: ${JSON_TYPE}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
  // A peer that goes on sending, or never reads, would otherwise keep the connection.
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
}

const JSON_TYPE = 'application/json; charset=utf-8';

function bodyOf(refusal: PerennialError): string {
  return JSON.stringify(errorBody(refusal, v7()));
}

const LINGER_MS = 1_000;

function refusalOf({ code, message }: Error & { code?: string }): [number, PerennialError] {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    const timedOut = new PerennialError('TIMED_OUT', 'The request did not arrive in time.');
    return [ERRORS.TIMED_OUT.httpStatus, timedOut];
  }
  if (code === 'HPE_HEADER_OVERFLOW') {
    return [
      431,
      new PerennialError('TOO_LARGE', 'The headers are larger than this gateway takes.', {
        field: 'headers',
      }),
    ];
  }
  if (code === 'HPE_CHUNK_EXTENSIONS_OVERFLOW') {
    return [
      413,
      new PerennialError('TOO_LARGE', 'The chunks carry more extensions than this gateway takes.'),
    ];
  }
  return [
    400,
    new PerennialError('INVALID_INPUT', `This is not HTTP/1.1: ${message}.`, {
      expected: 'an HTTP/1.1 request',
    }),
  ];
}
