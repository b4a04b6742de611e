import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { parse } from 'yaml';

/** What can be held about docker-compose.yml where there is no Docker engine. */

interface Service {
  image: string;
  ports?: string[];
  healthcheck?: { test: string[] };
  environment?: Record<string, string>;
  command?: string[];
  volumes?: string[];
  restart?: string;
  depends_on?: Record<string, { condition: string }>;
}

const text = readFileSync('docker-compose.yml', 'utf8');
const { services } = parse(text, { merge: true }) as { services: Record<string, Service> };
const scratch = mkdtempSync(join(tmpdir(), 'perennial-compose-'));
afterAll(() => rmSync(scratch, { recursive: true }));

test('the file fits the schema of the Compose specification', () => {
  expect(lint('docker-compose.yml')).toEqual({ ok: true, report: '' });
});

test('the schema check refuses a misspelled key', () => {
  const broken = join(scratch, 'docker-compose.yml');
  writeFileSync(broken, text.replace('    healthcheck:', '    healthchek:'));
  expect(lint(broken)).toMatchObject({
    ok: false,
    report: expect.stringContaining('must NOT have additional properties') as string,
  });
});

test('every image is pinned to a version, and Temporal is not below 1.29.2 (CVE-2025-14986)', () => {
  for (const { image } of Object.values(services)) expect(image).toMatch(/:\d+\.\d+(\.\d+)?$/);
  const [major = 0, minor = 0] = (services.temporal?.image.split(':')[1] ?? '').split('.').map(Number);
  expect(major * 1000 + minor).toBeGreaterThanOrEqual(1030);
});

test('every service that stays up has a health check, and every other one is waited for', () => {
  const once = Object.entries(services).filter(([, service]) => service.restart?.startsWith('on-failure'));
  const lasting = Object.entries(services).filter(([name]) => !once.some(([other]) => other === name));
  expect(lasting.filter(([, { healthcheck }]) => !healthcheck).map(([name]) => name)).toEqual([]);
  const awaited = Object.values(services).flatMap(({ depends_on = {} }) =>
    Object.entries(depends_on)
      .filter(([, { condition }]) => condition === 'service_completed_successfully')
      .map(([name]) => name),
  );
  expect([...new Set(awaited)].sort()).toEqual(once.map(([name]) => name).sort());
});

test('ports are published on loopback only', () => {
  const ports = Object.values(services).flatMap((service) => service.ports ?? []);
  expect(ports).toHaveLength(4);
  for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
});

test('the gateway listens beyond its container, is asked whether it is ready, and keeps what it could not ship', () => {
  const { environment, healthcheck, ports, volumes } = services.gateway;
  expect(environment).toMatchObject({ PERENNIAL_GATEWAY_HOST: '0.0.0.0', PERENNIAL_GATEWAY_PORT: '8080' });
  // What is merged in by a reference is there too.
  expect(environment?.DATABASE_URL).toBe(services.trainer?.environment?.DATABASE_URL);
  expect(ports).toEqual([expect.stringMatching(/:8080$/)]);
  expect(healthcheck?.test.slice(2)).toEqual(['embedded/gatewayHealth.mjs', 'http://127.0.0.1:8080']);
  expect(volumes).toEqual([expect.stringContaining(environment?.PERENNIAL_HOME ?? '?')]);
});

test('the health check of the gateway tells one that is ready from one that is not, and from nothing', async () => {
  let status = 200;
  const asked: (string | undefined)[] = [];
  const server = createServer(({ url }, response) => {
    asked.push(url);
    response.writeHead(status).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  expect(await check(address)).toBe(0);
  status = 503;
  expect(await check(address)).toBe(1);
  server.close();
  await once(server, 'close');
  expect(await check(address)).toBe(1);
  expect(asked).toEqual(['/v2/health/ready', '/v2/health/ready']);
});

test('no password has a default, in the file or in the image', () => {
  const secrets = Object.values(services)
    .flatMap(({ environment = {} }) => Object.entries(environment))
    .filter(([name]) => /PASSWORD|PWD|DATABASE_URL/.test(name));
  expect(secrets.length).toBeGreaterThan(3);
  for (const [, value] of secrets) expect(value).toMatch(/\$\{[A-Z_]+:\?/);
  expect(readFileSync('Dockerfile', 'utf8')).not.toMatch(/PASSWORD|SECRET|TOKEN|_URL/);
  expect(readFileSync('.dockerignore', 'utf8')).toContain('**/.env');
});

test('the image has every room of the program', () => {
  const taken = readFileSync('.dockerignore', 'utf8').split('\n');
  const { files } = JSON.parse(readFileSync('package.json', 'utf8')) as { files: string[] };
  const rooms = files.filter((name) => !/\.|^docs$|^bench$/.test(name));
  expect(rooms).toContain('serving');
  for (const room of rooms) expect(taken, room).toContain(`!${room}`);
});

test('every file that a service is started with or mounts is there', () => {
  const files = Object.values(services).flatMap(({ command = [], volumes = [], healthcheck }) => [
    ...command,
    ...(healthcheck?.test ?? []).filter((word) => /\.m?[jt]s$/.test(word)),
    ...volumes.filter((volume) => volume.startsWith('./')).map((volume) => volume.split(':')[0]),
  ]);
  expect(files.length).toBeGreaterThan(6);
  for (const file of files) expect(() => readFileSync(file), file).not.toThrow();
});

async function check(address: string): Promise<unknown> {
  const child = spawn(process.execPath, ['embedded/gatewayHealth.mjs', address], { stdio: 'ignore' });
  const [code] = (await once(child, 'exit')) as [unknown];
  return code;
}

/** dclint checks against the schema that Docker Compose publishes; its rules of style are left aside. */
function lint(file: string): { ok: boolean; report: string } {
  const dclint = join(
    dirname(createRequire(import.meta.url).resolve('dclint/package.json')),
    'bin',
    'dclint.cjs',
  );
  try {
    execFileSync(process.execPath, [dclint, '--quiet', '--color=false', file], {
      encoding: 'utf8',
      stdio: 'pipe',
    });
    return { ok: true, report: '' };
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    return { ok: false, report: `${stdout}${stderr}` };
  }
}
