import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { PerennialError } from '../config/errors.ts';
import type { ApiKeyRow, ApiKeyStore, Role } from '../store/routeTypes.ts';
import type { Caller } from './types.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What the caller's key must allow; `anyone` needs no key. Every route says one. */
    role?: Role | 'anyone';
  }
  interface FastifyRequest {
    /** Who asks; of a route for anyone it is nobody in particular. */
    caller: Caller;
  }
}

/** Who asks where no key is needed: a gateway without keys listens on loopback alone. */
const LOOPBACK: Caller = { actor: 'loopback', roles: ['admin'] };

/**
 * Holds each route's `config.role` against the caller's API key (`Authorization: Bearer <secret>`, or `X-API-Key`).
 * A route that says no role is refused at the start, rather than open. Where no keys are required everybody is `loopback`.
 */
export function guardRoutes(
  server: FastifyInstance,
  { requireKeys, keys }: { requireKeys: boolean; keys: Pick<ApiKeyStore, 'verify'> },
): void {
  server.decorateRequest('caller', { getter: () => LOOPBACK });
  server.addHook('onRoute', (route) => {
    if (route.url.startsWith('/v2')) route.config = { role: roleOfV2(route.url), ...route.config };
    if (route.url.startsWith('/docs')) route.config = { role: 'anyone', ...route.config };
    if (route.config?.role === undefined) throw new Error(`the route ${route.url} says no role`);
  });
  if (!requireKeys) return;
  const verify = rememberKeys(keys);
  server.addHook('onRequest', async (request) => {
    const role = request.is404 ? 'anyone' : (request.routeOptions.config.role ?? 'admin');
    if (role === 'anyone') return;
    const key = await verify(secretOf(request));
    if (!key.roles.includes(role) && !key.roles.includes('admin')) {
      throw new PerennialError('FORBIDDEN', `The API key ${key.id} lacks the role ${role}.`, {
        field: 'authorization',
        value: key.roles.join(', '),
        expected: `a key with the role ${role}`,
      });
    }
    Object.defineProperty(request, 'caller', { value: { actor: `key/${key.id}`, roles: key.roles } });
  });
}

/** The protocol itself knows no keys: its clients ask whether the server lives before they have one. */
function roleOfV2(url: string): 'anyone' | 'predict' {
  return url === '/v2' || url.startsWith('/v2/health/') ? 'anyone' : 'predict';
}

function secretOf({ headers }: FastifyRequest): string {
  const bearer = /^bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1];
  const secret = bearer ?? headers['x-api-key'];
  if (typeof secret === 'string' && secret.length > 0 && secret.length <= MAX_SECRET_LENGTH) return secret;
  throw unauthenticated('This gateway asks for an API key.');
}

const MAX_SECRET_LENGTH = 512;

/** How long a key that was revoked may still be taken. */
export const REMEMBER_MS = 5_000;
/** While the database does not answer, a key that it knew within this time is taken: a restart of it costs no request. */
const GRACE_MS = 5 * 60_000;
const MAX_REMEMBERED = 10_000;
/** Secrets that nobody knows yet, asked of the database at the same time: guesses must not take its connections away. */
const MAX_STRANGERS = 16;

interface Remembered {
  key: ApiKeyRow;
  askedMs: number;
}

/** Verifies through the store, each key once in REMEMBER_MS. @throws PerennialError UNAUTHENTICATED, OVERLOADED */
function rememberKeys(keys: Pick<ApiKeyStore, 'verify'>): (secret: string) => Promise<ApiKeyRow> {
  const remembered = new Map<string, Remembered>();
  const asked = new Map<string, Promise<ApiKeyRow>>();
  let strangers = 0;

  async function ask(secret: string, digest: string): Promise<ApiKeyRow> {
    let key: ApiKeyRow | undefined;
    try {
      key = await keys.verify(secret);
    } catch (error) {
      const known = remembered.get(digest);
      if (known && performance.now() - known.askedMs < GRACE_MS) return known.key;
      throw error;
    }
    remembered.delete(digest);
    if (key === undefined) throw unauthenticated('The API key is unknown or was revoked.');
    // The oldest stands first.
    if (remembered.size >= MAX_REMEMBERED)
      for (const first of remembered.keys()) if (remembered.delete(first)) break;
    remembered.set(digest, { key, askedMs: performance.now() });
    return key;
  }

  return async (secret) => {
    // Under its hash: a secret does not stay in memory, and a look-up tells nothing about it by its time.
    const digest = createHash('sha256').update(secret).digest('base64');
    const known = remembered.get(digest);
    if (known && performance.now() - known.askedMs < REMEMBER_MS) return known.key;
    let answer = asked.get(digest);
    if (answer === undefined) {
      const stranger = known === undefined ? 1 : 0;
      if (stranger && strangers >= MAX_STRANGERS)
        throw new PerennialError('OVERLOADED', `${strangers} unknown keys are being looked up.`);
      strangers += stranger;
      answer = ask(secret, digest).finally(() => {
        strangers -= stranger;
        asked.delete(digest);
      });
      asked.set(digest, answer);
    }
    return answer;
  };
}

function unauthenticated(message: string): PerennialError {
  return new PerennialError('UNAUTHENTICATED', message, {
    field: 'authorization',
    expected: '`Authorization: Bearer <secret>` or `X-API-Key: <secret>`; `perennial keys create` makes one',
  });
}
