import { readFile, rename, rm } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { PerennialError } from '../../config/errors.ts';
import type { PredictionStore } from '../../store/predictionTypes.ts';
import { readFrames } from './frames.ts';
import type { Segment } from './segment.ts';

export interface ShipperOptions {
  store: Pick<PredictionStore, 'append'>;
  /** Where the last segment that Postgres refused is kept, for whoever looks for the defect. */
  refusedPath: string;
  /** Called with the number of records that are lost with a refused segment. */
  onRefused: (records: number) => void;
  onProblem: (message: string, error?: unknown) => void;
}

/**
 * Brings segments into Postgres, one after the other, each for as long as it takes; then deletes its file.
 *
 * On the event loop, and not in a thread of its own: see docs/decisions.md for what it costs there.
 */
export class Shipper {
  readonly #options: ShipperOptions;
  readonly #queue: Segment[] = [];
  readonly #known = new Set<string>();
  readonly #stopping = new AbortController();
  #bytes = 0;
  #enqueued = 0;
  #done = 0;
  #waiters: { until: number; resolve: () => void }[] = [];
  #running?: Promise<void>;
  #away = false;

  constructor(options: ShipperOptions) {
    this.#options = options;
  }

  /** Of all segments that are not in Postgres yet. */
  get bytes(): number {
    return this.#bytes;
  }

  get idle(): boolean {
    return this.#queue.length === 0;
  }

  /** A segment that is there already is passed over. */
  enqueue(segment: Segment): void {
    if (this.#known.has(segment.id)) return;
    this.#known.add(segment.id);
    this.#queue.push(segment);
    this.#bytes += segment.bytes;
    this.#enqueued++;
    if (!this.#stopping.signal.aborted) this.#running ??= this.#run();
  }

  /** Resolves once all segments of now are in Postgres; false where they are not by then (of `performance.now()`). */
  async drained(deadlineMs: number): Promise<boolean> {
    if (this.idle) return true;
    const giveUp = new AbortController();
    const waiter = { until: this.#enqueued, resolve: () => {} };
    const done = new Promise<true>((resolve) => (waiter.resolve = () => resolve(true)));
    this.#waiters.push(waiter);
    const timeoutMs = Math.max(1, deadlineMs - performance.now());
    const late = setTimeout(timeoutMs, false, { signal: giveUp.signal }).catch(() => false);
    const inTime = await Promise.race([done, late]);
    giveUp.abort();
    this.#waiters = this.#waiters.filter((other) => other !== waiter);
    return inTime;
  }

  /** Leaves what is not shipped where it is. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    // Taking a connection cannot be interrupted, and lasts 10 s where the database does not answer.
    await Promise.race([this.#running, setTimeout(STOP_TIMEOUT_MS, undefined, { ref: false })]);
  }

  async #run(): Promise<void> {
    for (;;) {
      const segment = this.#queue.at(0);
      if (!segment) break;
      const shipped = await this.#keepTrying(segment);
      if (!shipped) break;
      this.#queue.shift();
      this.#known.delete(segment.id);
      this.#bytes -= segment.bytes;
      this.#done++;
      for (const { until, resolve } of this.#waiters) if (this.#done >= until) resolve();
    }
    this.#running = undefined;
  }

  /** False where it was told to stop. */
  async #keepTrying(segment: Segment): Promise<boolean> {
    const { signal } = this.#stopping;
    for (let waitMs = FIRST_WAIT_MS; !signal.aborted; waitMs = Math.min(2 * waitMs, MAX_WAIT_MS)) {
      try {
        await this.#ship(segment, signal);
        if (this.#away) this.#options.onProblem('predictions reach the database again');
        this.#away = false;
        return true;
      } catch (error) {
        if (signal.aborted) return false;
        if (!this.#away)
          this.#options.onProblem('predictions stay on disk until the database takes them', error);
        this.#away = true;
        await setTimeout(waitMs, undefined, { signal }).catch(() => {});
      }
    }
    return false;
  }

  async #ship({ path, id }: Segment, signal: AbortSignal): Promise<void> {
    const file = await readFile(path).catch(passOverMissing);
    // Another gateway has found it too, and shipped it.
    if (!file) return;
    const frames = readFrames(file);
    if (frames.length > 0) {
      const days = [...new Set(frames.map(({ day }) => day))];
      const tuples = frames.map((frame) => frame.tuples);
      try {
        const limited = AbortSignal.any([signal, AbortSignal.timeout(ATTEMPT_TIMEOUT_MS)]);
        await this.#options.store.append(id, days, tuples, { signal: limited });
      } catch (error) {
        if (!(error instanceof PerennialError && error.code === 'INVALID_INPUT')) throw error;
        const records = frames.reduce((sum, frame) => sum + frame.records, 0);
        // First: what cannot be put aside is tried again, and must not be counted again.
        await rename(path, this.#options.refusedPath);
        this.#options.onRefused(records);
        this.#options.onProblem(`the database refused ${records} predictions`, error);
        return;
      }
    }
    await rm(path, { force: true });
  }
}

const FIRST_WAIT_MS = 100;
const MAX_WAIT_MS = 5_000;
/** 4 MiB take 0.1 s; a connection that hangs is given up. */
const ATTEMPT_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 1_000;

function passOverMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
