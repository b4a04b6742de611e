import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PerennialError } from '../../config/errors.ts';
import type { PredictionRecord, PredictionStore } from '../../store/predictionTypes.ts';
import type { PredictionLog } from '../types.ts';
import { FrameMemory, type PendingFrame } from './memory.ts';
import { Heir, makeOwnDirectory, type OwnDirectory } from './owner.ts';
import { SegmentWriter } from './segment.ts';
import { Shipper } from './shipper.ts';

export interface PredictionLogOptions {
  /** All gateways of a home share it: each writes into a directory of its own below, and ships what dead ones left. */
  directory: string;
  store: Pick<PredictionStore, 'append'>;
  /** Kept on disk while the database is away, by this gateway; beyond it the newest predictions are dropped. Default 256 MiB. */
  maxDiskBytes?: number;
  /** Told once when something begins to go wrong, and when it is over. */
  onProblem?: (message: string, error?: unknown) => void;
}

/**
 * Opens the log of predictions: memory, then a file within 50 ms, then Postgres, from which each prediction can be read
 * about 0.3 s after its answer.
 *
 * A process that is killed loses what was not yet in the file, its newest 50 ms: in 20 kills at 5,000 predictions a
 * second on a machine with more to do than it could, 4 to 47 ms. Everything before is shipped by the next gateway that
 * starts in this directory, or by another one there within 40 s; each prediction lands once. The files are not forced to
 * disk, so a loss of power takes with it what the system still held back (on Linux up to 30 s), as far as it was not in
 * Postgres yet.
 */
export async function openPredictionLog(options: PredictionLogOptions): Promise<PredictionLog> {
  await mkdir(options.directory, { recursive: true, mode: 0o700 });
  const own = await makeOwnDirectory(options.directory);
  const log = new SegmentLog(own, options);
  await log.adopt();
  return log;
}

/** In the file at the latest after this time. */
const WRITE_AFTER_MS = 50;
/** A segment is shipped at this size, or at this age where nothing else waits to be shipped. */
const SEGMENT_BYTES = 4 * 2 ** 20;
const SEGMENT_AGE_MS = 250;
const DEFAULT_DISK_BYTES = 256 * 2 ** 20;
/** What waits for a disk that does not keep up. */
const MEMORY_BYTES = 32 * 2 ** 20;
const ADOPT_EVERY_MS = 10_000;
const WRITE_RETRY_MS = 500;

class SegmentLog implements PredictionLog {
  dropped = 0;
  readonly #own: OwnDirectory;
  readonly #heir: Heir;
  readonly #maxDiskBytes: number;
  readonly #onProblem: (message: string, error?: unknown) => void;
  readonly #memory = new FrameMemory();
  readonly #shipper: Shipper;
  readonly #writer: SegmentWriter;
  readonly #adopting: NodeJS.Timeout;
  #timer?: NodeJS.Timeout;
  #working?: Promise<void>;
  #closeNext = false;
  #writeFails = false;
  #overflows = false;
  #closed = false;

  constructor(own: OwnDirectory, options: PredictionLogOptions) {
    this.#own = own;
    this.#maxDiskBytes = options.maxDiskBytes ?? DEFAULT_DISK_BYTES;
    this.#onProblem = options.onProblem ?? (() => {});
    this.#heir = new Heir(options.directory);
    this.#shipper = new Shipper({
      store: options.store,
      refusedPath: join(options.directory, 'refused'),
      onRefused: (records) => (this.dropped += records),
      onProblem: this.#onProblem,
    });
    this.#writer = new SegmentWriter(own.path, (segment) => this.#shipper.enqueue(segment));
    this.#adopting = setInterval(() => void this.adopt(), ADOPT_EVERY_MS);
    this.#adopting.unref();
  }

  get pendingBytes(): number {
    return this.#writer.bytes + this.#shipper.bytes;
  }

  add(record: PredictionRecord): void {
    const memoryBytes = this.#memory.bytes;
    const waiting = memoryBytes + this.pendingBytes;
    if (this.#closed || memoryBytes > MEMORY_BYTES || waiting >= this.#maxDiskBytes) return this.#drop();
    if (waiting < this.#maxDiskBytes / 2) this.#overflows = false;
    if (this.#memory.add(record)) this.#work();
    else this.#timer ??= setTimeout(() => this.#work(), WRITE_AFTER_MS);
  }

  async flush(timeoutMs: number): Promise<void> {
    const deadlineMs = performance.now() + timeoutMs;
    const written = await this.#writeAndClose(deadlineMs);
    if (written && (await this.#shipper.drained(deadlineMs))) return;
    throw new PerennialError(
      'DEADLINE_EXCEEDED',
      `Predictions did not reach the database within ${timeoutMs} ms.`,
    );
  }

  async close(timeoutMs: number): Promise<void> {
    const deadlineMs = performance.now() + timeoutMs;
    this.#closed = true;
    clearInterval(this.#adopting);
    await this.#writeAndClose(deadlineMs);
    await this.#shipper.drained(deadlineMs);
    await this.#shipper.stop();
    await this.#own.release();
  }

  /** Ships what gateways that are gone have left. */
  async adopt(): Promise<void> {
    try {
      for (const segment of await this.#heir.find()) this.#shipper.enqueue(segment);
    } catch (error) {
      this.#onProblem('what another gateway left cannot be read', error);
    }
  }

  #drop(): void {
    this.dropped++;
    if (!this.#overflows && !this.#closed) {
      this.#onProblem(`predictions are dropped: ${this.pendingBytes} bytes wait for the database`);
    }
    this.#overflows = true;
  }

  /** Files are touched by one of these at a time. */
  #work(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#working ??= this.#write().finally(() => {
      this.#working = undefined;
      this.#wait();
    });
  }

  /** For the next records, or for the segment to be old enough. */
  #wait(): void {
    if (this.#timer !== undefined || this.#closed) return;
    if (this.#memory.bytes === 0 && this.#writer.bytes === 0) return;
    let waitMs = this.#memory.bytes > 0 ? WRITE_AFTER_MS : SEGMENT_AGE_MS;
    if (this.#writeFails) waitMs = WRITE_RETRY_MS;
    this.#timer = setTimeout(() => this.#work(), waitMs);
  }

  async #write(): Promise<void> {
    const frames = this.#memory.take();
    const close = this.#closeNext;
    this.#closeNext = false;
    try {
      await this.#append(frames);
      // Where others wait already, this one may as well grow: after an hour without a database there are few files.
      const due = this.#writer.ageMs >= SEGMENT_AGE_MS && this.#shipper.idle;
      if (close || due) await this.#writer.close();
      this.#writeFails = false;
    } catch (error) {
      this.#memory.putBack(frames);
      if (!this.#writeFails)
        this.#onProblem('predictions cannot be written to disk and wait in memory', error);
      this.#writeFails = true;
    }
  }

  /** Takes each frame that is written out of `frames`. */
  async #append(frames: PendingFrame[]): Promise<void> {
    for (let frame = frames.at(0); frame; frame = frames.at(0)) {
      await this.#writer.append(frame.bytes);
      frames.shift();
      this.#memory.release(frame);
      if (this.#writer.bytes >= SEGMENT_BYTES) await this.#writer.close();
    }
  }

  /** Hands everything so far to the shipper. False where the disk did not take it in time. */
  async #writeAndClose(deadlineMs: number): Promise<boolean> {
    for (;;) {
      // One that is under way may have taken its frames before the last record came.
      await this.#working;
      this.#closeNext = true;
      this.#work();
      await this.#working;
      if (!this.#writeFails) return true;
      if (performance.now() >= deadlineMs) return false;
      await sleep(WRITE_AFTER_MS);
    }
  }
}
