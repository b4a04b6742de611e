import { isIP } from 'node:net';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { PerennialError } from './errors.ts';

/** What the environment says, read in this one place. */
export interface Environment {
  /** State of the embedded stack and local scratch space. PERENNIAL_HOME, default `.perennial`. */
  home: string;
  /** Downloaded binaries that homes share. PERENNIAL_CACHE, default `$XDG_CACHE_HOME/perennial`. */
  cache: string;
  /** Temporal namespace and Postgres schema of this installation. PERENNIAL_NAMESPACE, default `perennial`. */
  namespace: string;
  /** TEMPORAL_ADDRESS: replaces the embedded Temporal server. */
  temporalAddress?: string;
  /** DATABASE_URL: replaces the embedded Postgres. */
  databaseUrl?: string;
  /** PERENNIAL_LOG: pino level, default `info`. */
  logLevel: string;
  /** Threads that a trainer computes with. PERENNIAL_THREADS, default the number of cores. */
  threads?: number;
  gateway: GatewayAddress;
}

export interface GatewayAddress {
  /** PERENNIAL_GATEWAY_HOST: a name or an address to listen at, default `127.0.0.1`. Beyond loopback it takes API keys. */
  host: string;
  /** PERENNIAL_GATEWAY_PORT, default 0: any that is free. */
  port: number;
  /** PERENNIAL_GATEWAY_PROCESSES that share the port, default 1. */
  processes: number;
}

/** @throws PerennialError INVALID_INPUT naming the variable. */
export function readEnvironment(env: NodeJS.ProcessEnv = process.env): Environment {
  const namespace = env.PERENNIAL_NAMESPACE || 'perennial';
  if (!/^[a-z][a-z0-9_]{0,62}$/.test(namespace)) {
    throw new PerennialError(
      'INVALID_INPUT',
      `PERENNIAL_NAMESPACE is "${namespace}"; expected lower-case letters, digits and _, starting with a letter.`,
      {
        field: 'PERENNIAL_NAMESPACE',
        value: namespace,
        expected: 'lower-case letters, digits and _',
      },
    );
  }
  return {
    home: resolve(env.PERENNIAL_HOME || '.perennial'),
    cache: resolve(env.PERENNIAL_CACHE || join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'perennial')),
    namespace,
    temporalAddress: env.TEMPORAL_ADDRESS || undefined,
    databaseUrl: env.DATABASE_URL || undefined,
    logLevel: env.PERENNIAL_LOG || 'info',
    threads: wholeNumber(env, 'PERENNIAL_THREADS', 1, 256),
    gateway: {
      host: gatewayHost(env.PERENNIAL_GATEWAY_HOST || '127.0.0.1'),
      port: wholeNumber(env, 'PERENNIAL_GATEWAY_PORT', 0, 65_535) ?? 0,
      processes: wholeNumber(env, 'PERENNIAL_GATEWAY_PROCESSES', 1, 64) ?? 1,
    },
  };
}

function wholeNumber(env: NodeJS.ProcessEnv, name: string, least: number, most: number): number | undefined {
  const text = env[name];
  if (!text) return undefined;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  const expected = `a whole number from ${least} to ${most}`;
  throw new PerennialError('INVALID_INPUT', `${name} is "${text}"; expected ${expected}.`, {
    field: name,
    value: text,
    expected,
  });
}

function gatewayHost(host: string): string {
  // A URL or a port here would be looked up as a name, and fail with an error that names no variable.
  if (isIP(host) !== 0 || /^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/.test(host)) return host;
  const expected = 'a host name or an IP address, without scheme, port and brackets';
  throw new PerennialError('INVALID_INPUT', `PERENNIAL_GATEWAY_HOST is "${host}"; expected ${expected}.`, {
    field: 'PERENNIAL_GATEWAY_HOST',
    value: host,
    expected,
  });
}

/**
 * The value of a secret that a definition names.
 *
 * @throws PerennialError SECRET_MISSING
 */
export function resolveSecret(name: string, env: NodeJS.ProcessEnv = process.env): string {
  const value = env[name];
  if (!value) {
    throw new PerennialError(
      'SECRET_MISSING',
      `The secret ${name} is not in the environment of the worker.`,
      {
        field: name,
        expected: `the environment variable ${name} to be set where the trainer runs`,
      },
    );
  }
  return value;
}

/** The environment for child processes: everything of this process, what is added, and what holds where neither says it. */
export function childEnvironment(
  extra: Record<string, string>,
  defaults: Record<string, string> = {},
): NodeJS.ProcessEnv {
  return { ...defaults, ...process.env, ...extra };
}
