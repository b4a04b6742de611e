import { createHash, randomUUID } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type pg from 'pg';
import { PerennialError } from '../config/errors.ts';
import type { Queryable } from './pool.ts';
import type { ArtifactInfo, TransferOptions } from './types.ts';

export async function findInfo(db: Queryable, digest: string): Promise<ArtifactInfo | undefined> {
  const { rows } = await db.query<ArtifactInfo>(
    `SELECT digest, bytes, media_type AS "mediaType", kind FROM artifacts WHERE digest = $1`,
    [digest],
  );
  return rows[0];
}

/** @throws PerennialError NOT_FOUND */
export async function requireInfo(db: Queryable, digest: string): Promise<ArtifactInfo> {
  const info = await findInfo(db, digest);
  if (info) return info;
  throw new PerennialError('NOT_FOUND', `There is no artifact ${digest}.`, {
    field: 'digest',
    value: digest,
  });
}

/** The whole artifact in memory. @throws PerennialError NOT_FOUND, ARTIFACT_CORRUPT */
export async function readArtifact(pool: pg.Pool, digest: string): Promise<Uint8Array> {
  const info = await requireInfo(pool, digest);
  const bytes = new Uint8Array(info.bytes);
  let offset = 0;
  for await (const chunk of verifiedChunks(pool, info)) {
    bytes.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return bytes;
}

/** The artifact as a file, which appears under its name when it is whole. */
export async function readArtifactTo(
  pool: pg.Pool,
  digest: string,
  path: string,
  options: TransferOptions,
): Promise<ArtifactInfo> {
  const info = await requireInfo(pool, digest);
  // Beside its place, because a rename does not cross file systems.
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    const file = await open(temporary, 'wx');
    try {
      for await (const chunk of verifiedChunks(pool, info)) {
        options.signal?.throwIfAborted();
        await file.writeFile(chunk); // On a handle: at the current position, and all of it.
        options.onChunk?.();
      }
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
  return info;
}

/**
 * One chunk a query: memory stays at a few chunks, and no transaction is held open while a disk is slow. The rows never
 * change, so that nothing can come between. The last chunk is given only when the digest of everything is right.
 *
 * @throws PerennialError ARTIFACT_CORRUPT
 */
async function* verifiedChunks(pool: pg.Pool, info: ArtifactInfo): AsyncGenerator<Buffer> {
  const hash = createHash('sha256');
  let length = 0;
  for (let position = 0; length < info.bytes; position++) {
    const chunk = await readChunk(pool, info.digest, position);
    if (!chunk) throw corrupt(info, `chunk ${position} is missing`);
    length += chunk.byteLength;
    hash.update(chunk);
    if (length > info.bytes) throw corrupt(info, `it has more than its ${info.bytes} bytes`);
    if (length === info.bytes) refuseAltered(info, hash.digest('hex'));
    yield chunk;
  }
  if (info.bytes === 0) refuseAltered(info, hash.digest('hex'));
}

async function readChunk(pool: pg.Pool, digest: string, position: number): Promise<Buffer | undefined> {
  const { rows } = await pool.query<{ bytes: Buffer }>({
    name: 'artifact-chunk', // Parsed and planned once a connection.
    text: `SELECT bytes FROM artifact_chunks WHERE digest = $1 AND position = $2`,
    values: [digest, position],
  });
  return rows[0]?.bytes;
}

function refuseAltered(info: ArtifactInfo, digest: string): void {
  if (digest !== info.digest) throw corrupt(info, `its bytes have the digest ${digest}`);
}

function corrupt(info: ArtifactInfo, finding: string): PerennialError {
  return new PerennialError(
    'ARTIFACT_CORRUPT',
    `The artifact ${info.digest} (${info.kind}) is damaged: ${finding}. Restore the database from a backup.`,
    {
      field: 'digest',
      value: info.digest,
      expected: `${info.bytes} bytes with that digest`,
    },
  );
}

/** Makes the new name durable. Windows cannot open folders and needs no such thing. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
