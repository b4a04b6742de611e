import { describe, expect, it } from 'vitest';
import { readEnvironment } from '../../config/environment.ts';

/** What the environment says is taken or refused by the variable's name, never half understood. */
describe('the gateway', () => {
  it('listens on loopback, at any free port, as one process, unless something else is said', () => {
    expect(readEnvironment({}).gateway).toEqual({ host: '127.0.0.1', port: 0, processes: 1 });
    const said = {
      PERENNIAL_GATEWAY_HOST: '0.0.0.0',
      PERENNIAL_GATEWAY_PORT: '8080',
      PERENNIAL_GATEWAY_PROCESSES: '4',
    };
    expect(readEnvironment(said).gateway).toEqual({ host: '0.0.0.0', port: 8080, processes: 4 });
  });

  it('takes what is empty for unsaid', () => {
    const empty = { PERENNIAL_GATEWAY_HOST: '', PERENNIAL_GATEWAY_PORT: '', PERENNIAL_GATEWAY_PROCESSES: '' };
    expect(readEnvironment(empty).gateway).toEqual(readEnvironment({}).gateway);
  });

  it.each(['::1', '::', 'localhost', 'gateway.example.com', 'a-1'])('may listen at %s', (host) => {
    expect(readEnvironment({ PERENNIAL_GATEWAY_HOST: host }).gateway.host).toBe(host);
  });
});

it.each([
  ['PERENNIAL_GATEWAY_HOST', 'http://127.0.0.1'],
  ['PERENNIAL_GATEWAY_HOST', '127.0.0.1:80'],
  ['PERENNIAL_GATEWAY_HOST', '[::1]'],
  ['PERENNIAL_GATEWAY_HOST', ' '],
  ['PERENNIAL_GATEWAY_HOST', 'a b'],
  ['PERENNIAL_GATEWAY_PORT', '65536'],
  ['PERENNIAL_GATEWAY_PORT', '-1'],
  ['PERENNIAL_GATEWAY_PORT', '80.5'],
  ['PERENNIAL_GATEWAY_PORT', '0x50'],
  ['PERENNIAL_GATEWAY_PORT', 'http'],
  ['PERENNIAL_GATEWAY_PROCESSES', '0'],
  ['PERENNIAL_GATEWAY_PROCESSES', '65'],
  ['PERENNIAL_THREADS', '0'],
  ['PERENNIAL_THREADS', 'two'],
  ['PERENNIAL_THREADS', '257'],
  ['PERENNIAL_NAMESPACE', 'Upper'],
])('%s=%j is refused, and said', (field, value) => {
  expect(() => readEnvironment({ [field]: value })).toThrow(
    expect.objectContaining({ code: 'INVALID_INPUT', field, value }) as Error,
  );
});
