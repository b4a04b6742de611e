import type { FastifyInstance } from 'fastify';
import { PerennialError } from '../config/errors.ts';

/**
 * Keeps web pages out of a gateway that asks nobody for a key. Such a gateway trusts who can reach loopback, and every
 * page that is open in a browser on this machine can: under a name of its own that resolves to 127.0.0.1 (DNS
 * rebinding), or by sending what needs no permission (cross-site requests). So requests under another name, or from
 * another origin, are refused.
 *
 * @param host where the gateway listens; a name for it besides loopback's own
 */
export function refuseForeignPages(server: FastifyInstance, host?: string): void {
  // Callers send the same header again and again: the last one that was right is compared, not parsed.
  let known: string | undefined;
  server.addHook('onRequest', (request, _reply, done) => {
    const { host: named, origin, 'sec-fetch-site': site } = request.headers;
    // HTTP/1.0 sends none; a browser always does.
    if (named !== undefined && named !== known) {
      if (!isOwnName(nameOf(named), host))
        return done(foreign('host', named, 'localhost, 127.0.0.1 or [::1]'));
      known = named;
    }
    if (origin !== undefined && origin !== `http://${named}`) {
      return done(foreign('origin', origin, 'none, or the gateway itself'));
    }
    const reads = request.method === 'GET' || request.method === 'HEAD';
    if (site === 'cross-site' && !reads) {
      return done(foreign('sec-fetch-site', site, 'none, or the gateway itself'));
    }
    done();
  });
}

function isOwnName(name: string, host: string | undefined): boolean {
  return (
    name === 'localhost' ||
    name.endsWith('.localhost') ||
    name === '[::1]' ||
    /^127(\.\d{1,3}){3}$/.test(name) ||
    name === host?.toLowerCase()
  );
}

/** Without the port. */
function nameOf(host: string): string {
  return host.replace(/:\d*$/, '').toLowerCase();
}

function foreign(field: string, value: string, expected: string): PerennialError {
  return new PerennialError(
    'FORBIDDEN',
    `A gateway without API keys answers this machine alone, and this looks like another's page.`,
    { field, value, expected: `${expected}; or a gateway that asks for keys` },
  );
}
