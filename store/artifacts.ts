import { createHash, type Hash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import type pg from 'pg';
import { PerennialError } from '../config/errors.ts';
import { MEBIBYTE } from '../config/units.ts';
import { readArtifact, readArtifactTo, requireInfo, findInfo } from './artifactReader.ts';
import { linkArtifact } from './runs.ts';
import { storable } from './rows.ts';
import { transaction } from './transaction.ts';
import type { ArtifactInfo, ArtifactStore, PutOptions } from './types.ts';

export function artifactStore(pool: pg.Pool): ArtifactStore {
  return {
    async put(bytes, kind, mediaType, options = {}) {
      const digest = createHash('sha256').update(bytes).digest('hex');
      return put(pool, { digest, bytes: bytes.byteLength, kind, mediaType }, () => chunksOf(bytes), options);
    },

    async putFile(path, kind, mediaType, options = {}) {
      const file = await open(path, 'r');
      try {
        // Read twice: once for the digest, once for the bytes. What is there already, the usual case of a step that is
        // run again, is then never sent; and no row has to be kept under a provisional name.
        const { digest, bytes } = await digestOf(file, options.signal);
        return await put(
          pool,
          { digest, bytes, kind, mediaType },
          () => chunksOfFile(file, digest, path),
          options,
        );
      } finally {
        await file.close();
      }
    },

    get: (digest) => readArtifact(pool, digest),
    getFile: (digest, path, options = {}) => readArtifactTo(pool, digest, path, options),
    info: (digest) => findInfo(pool, digest),
  };
}

/** Another program that reads this table finds chunks of this size; the last one may be shorter. */
export const CHUNK_BYTES = MEBIBYTE;

async function put(
  pool: pg.Pool,
  artifact: ArtifactInfo,
  chunks: () => AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  { onChunk, signal, owner }: PutOptions,
): Promise<ArtifactInfo> {
  const { digest } = artifact;
  const known = await findInfo(pool, digest);
  if (known && !owner) return known;
  return transaction(
    pool,
    async (client) => {
      // Whoever puts the same bytes at the same time waits here for the other's commit, however long that takes, and
      // then finds them there; where the other dies, it puts them itself.
      await client.query(`SET LOCAL statement_timeout TO 0`);
      const { rowCount } = await client.query(
        `INSERT INTO artifacts (digest, bytes, kind, media_type) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
        [digest, artifact.bytes, storable(artifact.kind), storable(artifact.mediaType)],
      );
      if (rowCount === 1) await insertChunks(client, digest, chunks(), onChunk);
      if (owner) await linkArtifact(client, owner, digest);
      return rowCount === 1 ? artifact : requireInfo(client, digest);
    },
    { signal },
  );
}

async function insertChunks(
  client: pg.PoolClient,
  digest: string,
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  onChunk?: () => void,
): Promise<void> {
  let position = 0;
  for await (const chunk of chunks) {
    await client.query(`INSERT INTO artifact_chunks (digest, position, bytes) VALUES ($1, $2, $3)`, [
      digest,
      position,
      chunk,
    ]);
    position += 1;
    onChunk?.();
  }
}

function* chunksOf(bytes: Uint8Array): Generator<Uint8Array> {
  for (let start = 0; start < bytes.byteLength; start += CHUNK_BYTES) {
    yield Buffer.from(
      bytes.buffer,
      bytes.byteOffset + start,
      Math.min(CHUNK_BYTES, bytes.byteLength - start),
    );
  }
}

/** The file's chunks, in one buffer that is used again: whoever takes one is done with it before the next. */
async function* chunksOfFile(file: FileHandle, digest: string, path: string): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  yield* readChunks(file, hash);
  if (hash.digest('hex') !== digest) {
    throw new PerennialError('INVALID_INPUT', `${path} changed while it was stored; nothing was stored.`, {
      field: 'path',
      value: path,
      expected: 'a file that nobody writes to',
    });
  }
}

async function digestOf(file: FileHandle, signal?: AbortSignal): Promise<{ digest: string; bytes: number }> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of readChunks(file, hash)) {
    signal?.throwIfAborted();
    bytes += chunk.byteLength;
  }
  return { digest: hash.digest('hex'), bytes };
}

async function* readChunks(file: FileHandle, hash: Hash): AsyncGenerator<Buffer> {
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  for (let offset = 0; ;) {
    const length = await fill(file, buffer, offset);
    if (length === 0) return;
    const chunk = buffer.subarray(0, length);
    hash.update(chunk);
    yield chunk;
    offset += length;
  }
}

/** A read may give less than was asked for; a chunk is short only at the end of the file. */
async function fill(file: FileHandle, buffer: Buffer, offset: number): Promise<number> {
  let length = 0;
  while (length < buffer.byteLength) {
    const { bytesRead } = await file.read(buffer, length, buffer.byteLength - length, offset + length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return length;
}
