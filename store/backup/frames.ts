import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { PerennialError } from '../../config/errors.ts';
import { MEBIBYTE } from '../../config/units.ts';

/**
 * The file of a backup: a line that says what it is, then frames, each with its length before it (4 bytes, the highest
 * first). Whoever reads it holds one frame in memory.
 */

const MAGIC = Buffer.from('perennial-backup 1\n');
/** The longest that is written is that of a header with some thousand tables. */
const MAX_FRAME_BYTES = 16 * MEBIBYTE;

export interface FrameWriter {
  write(bytes: Uint8Array): Promise<void>;
  writeJson(value: object): Promise<void>;
  /** Written so far. */
  bytes(): number;
}

/**
 * Writes a new file, readable by its owner alone, which appears under its name once it is complete and on the disk.
 *
 * @throws PerennialError INVALID_INPUT where there is a file already, or its folder is not there
 */
export async function writeFrames<T>(path: string, body: (writer: FrameWriter) => Promise<T>): Promise<T> {
  await refuseExisting(path);
  const partial = `${path}.partial`;
  const file = await open(partial, 'w', 0o600).catch((cause: unknown) => {
    throw unwritable(path, cause);
  });
  let bytes = 0;
  const append = async (part: Uint8Array): Promise<void> => {
    await file.writeFile(part);
    bytes += part.byteLength;
  };
  const write = async (part: Uint8Array): Promise<void> => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(part.byteLength);
    await append(length);
    if (part.byteLength > 0) await append(part);
  };
  try {
    await append(MAGIC);
    const result = await body({
      write,
      writeJson: (value) => write(Buffer.from(JSON.stringify(value))),
      bytes: () => bytes,
    });
    await file.sync();
    await file.close();
    await rename(partial, path);
    return result;
  } catch (error) {
    await file.close();
    await rm(partial, { force: true });
    throw error;
  }
}

export interface FrameReader {
  /** @throws PerennialError INVALID_INPUT where the file ends before that, or is none of ours */
  read(): Promise<Buffer>;
  readJson(): Promise<unknown>;
  /** @throws PerennialError INVALID_INPUT where there is more */
  expectEnd(): Promise<void>;
}

/** @throws PerennialError INVALID_INPUT where there is no such file, or it is no backup */
export async function readFrames<T>(path: string, body: (reader: FrameReader) => Promise<T>): Promise<T> {
  const file = await open(path, 'r').catch((cause: unknown) => {
    throw unreadable(path, 'cannot be opened', cause);
  });
  try {
    const magic = await take(file, MAGIC.byteLength);
    if (!magic?.equals(MAGIC)) throw unreadable(path, 'is no backup of this program');
    const read = async (): Promise<Buffer> => {
      const length = (await take(file, 4))?.readUInt32BE();
      if (length !== undefined && length > MAX_FRAME_BYTES) throw unreadable(path, 'is damaged');
      const frame = length === undefined ? undefined : await take(file, length);
      if (!frame) throw unreadable(path, 'ends too early');
      return frame;
    };
    return await body({
      read,
      async readJson() {
        const text = (await read()).toString('utf8');
        try {
          return JSON.parse(text) as unknown;
        } catch (cause) {
          throw unreadable(path, 'is damaged', cause);
        }
      },
      async expectEnd() {
        if (await take(file, 1)) throw unreadable(path, 'goes on after its end');
      },
    });
  } finally {
    await file.close();
  }
}

export function unreadable(path: string, why: string, cause?: unknown): PerennialError {
  return new PerennialError('INVALID_INPUT', `${path} ${why}; nothing was restored.`, {
    field: 'file',
    value: path,
    expected: 'a whole file that `npx perennial backup` wrote',
    cause,
  });
}

/** The next so many bytes; undefined where there are fewer. */
async function take(file: FileHandle, length: number): Promise<Buffer | undefined> {
  const bytes = Buffer.allocUnsafe(length);
  for (let filled = 0; filled < length;) {
    const { bytesRead } = await file.read(bytes, filled, length - filled);
    if (bytesRead === 0) return undefined;
    filled += bytesRead;
  }
  return bytes;
}

async function refuseExisting(path: string): Promise<void> {
  const there = await open(path, 'r').then(
    (file) => file.close().then(() => true),
    () => false,
  );
  if (!there) return;
  throw new PerennialError('INVALID_INPUT', `${path} is there already, and is not written over.`, {
    field: 'file',
    value: path,
    expected: 'a new file',
  });
}

function unwritable(path: string, cause: unknown): PerennialError {
  const message = cause instanceof Error ? cause.message : String(cause);
  return new PerennialError('INVALID_INPUT', `${path} cannot be written: ${message}.`, {
    field: 'file',
    value: path,
    expected: 'a file in a folder that is there',
    cause,
  });
}
