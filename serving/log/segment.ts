import { open, rename, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { v7 } from 'uuid';

/** A file of frames that nobody writes to any more. Its name is the segment's id, and ids sort by time. */
export interface Segment {
  path: string;
  id: string;
  bytes: number;
}

export const OPEN_SUFFIX = '.open';
export const CLOSED_SUFFIX = '.segment';

/** The file that frames are appended to: none, or one that ends in `.open` until it is closed. */
export class SegmentWriter {
  readonly #directory: string;
  readonly #onClosed: (segment: Segment) => void;
  #file?: { handle: FileHandle; path: string; id: string; bytes: number; openedMs: number };

  constructor(directory: string, onClosed: (segment: Segment) => void) {
    this.#directory = directory;
    this.#onClosed = onClosed;
  }

  /** Of the file that is open. */
  get bytes(): number {
    return this.#file?.bytes ?? 0;
  }

  get ageMs(): number {
    return this.#file ? performance.now() - this.#file.openedMs : 0;
  }

  /** Where writing fails the file is cut to the frames before, and closed: the next call begins another. */
  async append(frame: Buffer): Promise<void> {
    const file = (this.#file ??= await this.#open());
    try {
      for (let written = 0; written < frame.length;) {
        const { bytesWritten } = await file.handle.write(frame, written, undefined, file.bytes + written);
        written += bytesWritten;
      }
      file.bytes += frame.length;
    } catch (error) {
      // What cannot be cut is seen by its check.
      await file.handle.truncate(file.bytes).catch(() => {});
      await this.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    const file = this.#file;
    if (!file) return;
    this.#file = undefined;
    // Every frame has been written: a failure to close loses none, and the segment is to be shipped.
    await file.handle.close().catch(() => {});
    const closed = join(this.#directory, file.id + CLOSED_SUFFIX);
    const path = await rename(file.path, closed).then(
      () => closed,
      // Only another process needs to see that it is closed.
      () => file.path,
    );
    this.#onClosed({ path, id: file.id, bytes: file.bytes });
  }

  async #open() {
    const id = v7();
    const path = join(this.#directory, id + OPEN_SUFFIX);
    const handle = await open(path, 'wx', 0o600);
    return { handle, path, id, bytes: 0, openedMs: performance.now() };
  }
}
