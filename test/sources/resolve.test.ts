import { createHash } from 'node:crypto';
import { copyFileSync, readFileSync, utimesSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { datasetKey, materializeDataset } from '../../sources/dataset.ts';
import { AIRPORTS, testFolder } from './folder.ts';

// A source is brought to local files and known by the SHA-256 of what was published.

const { folder, scratch, write, resolve, snapshot, rowsOf } = testFolder();
const sha256 = (bytes: string | Uint8Array) => createHash('sha256').update(bytes).digest('hex');

describe('a file', () => {
  test('has the digest of its bytes, wherever it lies', async () => {
    const copy = join(folder, 'copy.csv');
    copyFileSync(AIRPORTS, copy);
    const [first] = await resolve({ a: { kind: 'csv', from: AIRPORTS } });
    const [second] = await resolve({ a: { kind: 'csv', from: 'copy.csv' } });
    expect(first).toMatchObject({
      name: 'a',
      kind: 'csv',
      files: [AIRPORTS],
      digest: sha256(readFileSync(AIRPORTS)),
    });
    expect(second).toMatchObject({ files: [copy], digest: first?.digest, bytes: first?.bytes });
    expect(datasetKey([first], 'FROM a')).toBe(datasetKey([second], 'FROM a'));
  });

  test('whose name is a glob means itself', async () => {
    write('we[i]rd/a*b.csv', 'a,b\n1,2\n');
    write('we[i]rd/a-b.csv', 'a,b\n3,4\n');
    const { path } = await snapshot({ t: { kind: 'csv', from: 'we[i]rd/a*b.csv' } }, 'FROM t');
    expect(await rowsOf(`'${path}'`)).toEqual([{ a: 1n, b: 2n }]);
  });

  test('that is not there is named with its source', async () => {
    await expect(resolve({ flights: { kind: 'csv', from: 'nowhere.csv' } })).rejects.toMatchObject({
      code: 'SOURCE_NOT_FOUND',
      field: 'sources.flights.from',
      message: `Source flights: ${join(folder, 'nowhere.csv')} does not exist.`,
    });
    await expect(resolve({ t: { kind: 'csv', from: '.' } })).rejects.toThrow('is a folder');
    await expect(resolve({ t: { kind: 'csv', from: 'none-*.csv' } })).rejects.toThrow('matches no file');
    await expect(resolve({ t: { kind: 'csv', from: 'ftp://host/a.csv' } })).rejects.toThrow(
      'neither a path nor',
    );
  });

  test('that is no Parquet or no JSON is unreadable', async () => {
    write('fake.parquet', 'not parquet at all');
    write('bad.json', '{"a":1}\n{"a":\n');
    await expect(snapshot({ t: { kind: 'parquet', from: 'fake.parquet' } }, 'FROM t')).rejects.toMatchObject({
      code: 'SOURCE_UNREADABLE',
      field: 'sources.t',
    });
    await expect(snapshot({ t: { kind: 'json', from: 'bad.json' } }, 'FROM t')).rejects.toThrow(
      /bad\.json, line \d/,
    );
  });

  test('of gzip that is cut short or damaged is refused, in a glob as well', async () => {
    const whole = gzipSync(`a,b\n${Array.from({ length: 50_000 }, (_, i) => `${i},${i % 7}\n`).join('')}`);
    const crc = Buffer.from(whole);
    crc[crc.length - 6] ^= 1;
    write('zip/whole.csv.gz', Buffer.concat([whole, gzipSync('1,2\n'), Buffer.alloc(300_000)])); // two members, padded
    const [source] = await resolve({ t: { kind: 'csv', from: 'zip/whole.csv.gz' } });
    expect(source?.digest).toBe(sha256(readFileSync(join(folder, 'zip/whole.csv.gz'))));
    for (const [name, bytes, reason] of [
      ['cut.csv.gz', whole.subarray(0, whole.length >> 1), 'unexpected end of file'],
      ['tail.csv.gz', whole.subarray(0, -3), 'unexpected end of file'],
      ['crc.csv.GZ', crc, 'incorrect data check'],
      ['plain.csv.gz', Buffer.from('a,b\n1,2\n'), 'incorrect header check'],
    ] as const) {
      const path = write(`zip/${name}`, bytes);
      await expect(resolve({ t: { kind: 'csv', from: path } })).rejects.toMatchObject({
        code: 'SOURCE_UNREADABLE',
        field: 'sources.t',
        value: path,
        message: `Source t: ${path} cannot be read: the gzip stream is damaged (${reason}).`,
      });
    }
    await expect(resolve({ t: { kind: 'csv', from: 'zip/*' } })).rejects.toThrow('zip/crc.csv.GZ');
  });

  test('that changes between hashing and reading is refused', async () => {
    const path = write('moving.csv', 'a,b\n1,2\n');
    const sources = await resolve({ t: { kind: 'csv', from: path } });
    utimesSync(path, new Date(0), new Date(0));
    const written = materializeDataset({
      sources,
      query: 'FROM t',
      scratch,
      path: join(folder, 'moved.parquet'),
    });
    await expect(written).rejects.toThrow('changed while it was read');
  });
});

describe('a glob', () => {
  test('is its files by name, and their names and bytes are its digest', async () => {
    for (const n of [10, 2, 1]) write(`glob/part-${n}.csv`, `a,b\n${n},${n}\n`);
    const [first] = await resolve({ t: { kind: 'csv', from: 'glob/*.csv' } });
    expect(first?.files.map((f) => f.slice(f.lastIndexOf('/') + 1))).toEqual([
      'part-1.csv',
      'part-10.csv',
      'part-2.csv',
    ]);
    const { path } = await snapshot({ t: { kind: 'csv', from: 'glob/*.csv' } }, 'FROM t');
    expect(await rowsOf(`'${path}'`)).toEqual([1n, 10n, 2n].map((n) => ({ a: n, b: n })));

    write('glob/part-2.csv', 'a,b\n3,3\n');
    const [second] = await resolve({ t: { kind: 'csv', from: 'glob/*.csv' } });
    expect(second?.digest).not.toBe(first?.digest);
  });

  test('of JSON files is the union of their columns', async () => {
    write('json/a.json', '[{"a":1},{"a":2,"b":"x"}]');
    write('json/b.json', '{"a":2.5}\n{"c":true}\n');
    const { path } = await snapshot({ t: { kind: 'json', from: 'json/*.json' } }, 'FROM t');
    expect(await rowsOf(`'${path}'`)).toEqual([
      { a: 1, b: null, c: null },
      { a: 2, b: 'x', c: null },
      { a: 2.5, b: null, c: null },
      { a: null, b: null, c: true },
    ]);
  });

  test('of CSV files with different headers is refused', async () => {
    write('mixed/a.csv', 'a,b\n1,2\n');
    write('mixed/b.csv', 'b,a\n1,2\n');
    await expect(snapshot({ t: { kind: 'csv', from: 'mixed/*.csv' } }, 'FROM t')).rejects.toThrow(
      /b\.csv: its header differs/,
    );
  });
});

describe('an address', () => {
  const servers: Server[] = [];
  afterAll(() => servers.forEach((server) => (server.closeAllConnections(), server.close())));
  const serve = async (
    answer: (request: IncomingMessage, response: ServerResponse) => void,
  ): Promise<string> => {
    const server = createServer(answer);
    servers.push(server);
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };

  test('is streamed and hashed, with a secret header that does not follow to another host', async () => {
    const seen: (string | undefined)[] = [];
    const far = await serve((request, response) => {
      seen.push(request.headers['x-api-key'] as string | undefined);
      response.end('a,b\n1,2\n');
    });
    const near = await serve((request, response) => {
      seen.push(request.headers['x-api-key'] as string | undefined);
      response.writeHead(302, { location: `${far}/data.csv` }).end();
    });
    const progress: number[] = [];
    const [source] = await resolve(
      {
        t: { kind: 'csv', from: `${near}/data.csv?key=abc`, headers: { 'x-api-key': { secret: 'API_KEY' } } },
      },
      { secret: (name) => `value of ${name}`, onProgress: ({ bytes }) => progress.push(bytes) },
    );
    expect(source).toMatchObject({ digest: sha256('a,b\n1,2\n'), bytes: 8 });
    expect(source?.files[0]).toMatch(/t\.csv$/);
    expect(seen).toEqual(['value of API_KEY', undefined]);
    expect(progress.at(-1)).toBe(8);
  });

  test('that answers 503 is asked again', async () => {
    let asked = 0;
    const from = await serve((_, response) => {
      response.statusCode = ++asked === 1 ? 503 : 200;
      response.end('a,b\n1,2\n');
    });
    const [source] = await resolve({ t: { kind: 'csv', from } });
    expect(source?.bytes).toBe(8);
    expect(asked).toBe(2);
  });

  test('that gives a damaged gzip stream is asked again, and then unreadable', async () => {
    let asked = 0;
    const whole = gzipSync('a,b\n1,2\n');
    const from = await serve((request, response) => {
      const cut = ++asked === 1 || request.url?.startsWith('/always');
      response.end(cut ? whole.subarray(0, -5) : whole);
    });
    const [source] = await resolve({ t: { kind: 'csv', from: `${from}/x.csv.gz` } });
    expect(source).toMatchObject({ digest: sha256(whole), bytes: whole.length });
    expect(asked).toBe(2);
    await expect(resolve({ t: { kind: 'csv', from: `${from}/always.csv.gz` } })).rejects.toMatchObject({
      code: 'SOURCE_UNREADABLE',
      message: `Source t: ${from}/always.csv.gz: the gzip stream is damaged (unexpected end of file).`,
    });
  });

  test('that answers 404 is not found, and its query is not shown', async () => {
    const from = await serve((_, response) => response.writeHead(404).end());
    const error: unknown = await resolve({ t: { kind: 'csv', from: `${from}/x.csv?token=abc` } }).catch(
      (e: unknown) => e,
    );
    expect(error).toMatchObject({ code: 'SOURCE_NOT_FOUND' });
    expect(String(error)).not.toContain('abc');
  });

  test('that sends more than is allowed is given up', async () => {
    const from = await serve((_, response) => response.end('x'.repeat(1000)));
    await expect(resolve({ t: { kind: 'csv', from } }, { maxDownloadBytes: 999 })).rejects.toThrow(
      'more than 999 bytes',
    );
    const endless = await serve((_, response) => {
      response.writeHead(200);
      const timer = setInterval(() => response.write('x'.repeat(100)), 5);
      response.on('close', () => clearInterval(timer));
    });
    await expect(resolve({ t: { kind: 'csv', from: endless } }, { maxDownloadBytes: 999 })).rejects.toThrow(
      'more than 999 bytes',
    );
  });

  test('that falls silent is given up, and cancelling is obeyed', async () => {
    const silent = await serve((_, response) => {
      response.writeHead(200);
      response.write('a,b\n');
    });
    const controller = new AbortController();
    const waiting = resolve({ t: { kind: 'csv', from: silent } }, { signal: controller.signal });
    setTimeout(() => controller.abort(), 100);
    await expect(waiting).rejects.toMatchObject({ code: 'CANCELLED' });
    await expect(resolve({ t: { kind: 'csv', from: silent } }, { idleTimeoutMs: 50 })).rejects.toThrow(
      'nothing came for 50 ms',
    );
  });
});
