import { lookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';
import { hostname } from 'node:os';
import { PerennialError } from '../config/errors.ts';

/** Whether only this machine can reach what listens there. @throws PerennialError INVALID_INPUT for an unknown name */
export async function isLoopback(host: string): Promise<boolean> {
  const addresses = isIP(host) ? [{ address: host, family: isIP(host) }] : await resolve(host);
  return addresses.every(({ address, family }) => LOOPBACK.check(address, family === 6 ? 'ipv6' : 'ipv4'));
}

/** What others reach it by. */
export function urlOf(host: string, port: number): string {
  // Every address of this machine: its name says one of them.
  const name = host === '0.0.0.0' || host === '::' ? hostname() : host;
  return `http://${isIP(name) === 6 ? `[${name}]` : name}:${port}`;
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

async function resolve(host: string) {
  try {
    return await lookup(host, { all: true });
  } catch (cause) {
    throw new PerennialError('INVALID_INPUT', `The host "${host}" is not known here.`, {
      field: 'PERENNIAL_GATEWAY_HOST',
      value: host,
      expected: 'an address or a name of this machine',
      cause,
    });
  }
}
