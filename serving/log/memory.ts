import type { PredictionRecord } from '../../store/predictionTypes.ts';
import { tupleBound, TupleBuffer } from '../../store/predictionTuple.ts';
import { DAY_MS, FRAME_HEADER_BYTES, sealFrame } from './frames.ts';

/** A frame that awaits being written. */
export interface PendingFrame {
  bytes: Buffer;
  records: number;
  /** That it lies in. */
  memory: TupleBuffer;
}

/**
 * Records between their answer and the disk: encoded at once into a piece of memory that is used again, so that
 * nothing of them is left to the garbage collector.
 */
export class FrameMemory {
  #current?: { tuples: TupleBuffer; records: number; day: number };
  #sealed: PendingFrame[] = [];
  readonly #spare: TupleBuffer[] = [];
  /** Also of frames that are being written. */
  #sealedBytes = 0;

  /** Bytes that are not yet written. */
  get bytes(): number {
    return this.#sealedBytes + (this.#current?.tuples.length ?? 0);
  }

  /** @returns true where a frame is full and is better written now than later */
  add(record: PredictionRecord): boolean {
    const bound = tupleBound(record);
    const day = Math.floor(record.at / DAY_MS);
    if (this.#current && (this.#current.day !== day || this.#current.tuples.room < bound)) this.#seal();
    this.#current ??= { tuples: this.#takeMemory(bound), records: 0, day };
    this.#current.tuples.append(record);
    this.#current.records++;
    return this.#sealed.length > 0;
  }

  /** Everything so far, in order; each frame is then either released or put back. */
  take(): PendingFrame[] {
    this.#seal();
    const frames = this.#sealed;
    this.#sealed = [];
    return frames;
  }

  /** For another try: these go before all others. */
  putBack(frames: readonly PendingFrame[]): void {
    this.#sealed.unshift(...frames);
  }

  /** Of a frame that is written. */
  release({ bytes, memory }: PendingFrame): void {
    this.#sealedBytes -= bytes.length;
    if (memory.bytes.length !== FRAME_BYTES || this.#spare.length === MAX_SPARE) return;
    memory.clear();
    this.#spare.push(memory);
  }

  #seal(): void {
    if (!this.#current) return;
    const { tuples, records, day } = this.#current;
    this.#current = undefined;
    const bytes = tuples.bytes.subarray(0, tuples.length);
    sealFrame(bytes, records, day);
    this.#sealed.push({ bytes, records, memory: tuples });
    this.#sealedBytes += bytes.length;
  }

  #takeMemory(bound: number): TupleBuffer {
    const capacity = FRAME_BYTES - FRAME_HEADER_BYTES;
    // A request of thousands of rows gets a frame of its own size.
    if (bound > capacity) return new TupleBuffer(bound, FRAME_HEADER_BYTES);
    return this.#spare.pop() ?? new TupleBuffer(capacity, FRAME_HEADER_BYTES);
  }
}

/** With its header: 300 records of one row and 20 inputs. */
const FRAME_BYTES = 131_072;
const MAX_SPARE = 4;
