import { openCaller, type GatewayCaller } from './callGateway.ts';

/** One row of the past, as it is asked for and as it came out. */
export interface ReplayRow {
  key: string;
  row: Record<string, string | number | boolean | null>;
  /** Told `labelDelayMs` after the answer. */
  label: string | number | boolean;
}

export interface ReplayOptions {
  /** Of the gateway. */
  url: string;
  /** Of the model. */
  name: string;
  /** In order; pulled as they are needed. */
  rows: AsyncIterable<ReplayRow>;
  /** Requests a second, one row each. */
  rate: number;
  labelDelayMs: number;
  /** Requests at the same time; default 16. With all of them under way the replay falls behind rather than pile up. */
  concurrency?: number;
}

export interface ReplayCounts {
  /** Rows whose request was sent; a request that is tried again is one. */
  sent: number;
  answered: number;
  /** Refused for good, or without an answer for a minute. */
  failed: number;
  /** Tried again: the gateway was full, or just being started again. */
  retried: number;
  labelled: number;
  /** What the first refusal said. */
  refusal?: string;
  /** Answers by version. */
  versions: Record<number, number>;
  /** Answers a second, over the last ones. */
  rate: number;
  /** Median and 99th percentile of the last answers, in milliseconds. */
  p50Ms: number;
  p99Ms: number;
}

export interface Replay {
  counts(): ReplayCounts;
  /** Rows from the beginning that are answered and labelled, so that a later replay may begin after them. */
  done(): number;
  /** Settles when all rows are asked and labelled, or after `stop`; rejects with what `rows` threw. */
  readonly finished: Promise<void>;
  /** Asks no more, sends the labels of what was answered at once, and resolves. */
  stop(): Promise<void>;
}

/**
 * Asks a gateway for rows of the past at a steady rate, as callers would, and tells later what came of each. At most
 * `concurrency` requests are under way.
 */
export function startReplay(options: ReplayOptions): Replay {
  const run = new Run(options);
  const finished = run.run();
  finished.catch(() => undefined); // Whoever wants to know asks `finished`.
  return {
    counts: () => run.counts(),
    done: () => run.done(),
    finished,
    async stop() {
      run.halt.abort();
      await finished.catch(() => undefined);
    },
  };
}

const TICK_MS = 20;
/** Time in which nothing could be sent is not made up for, beyond this. */
const CATCH_UP_MS = 5 * TICK_MS;
const LABELS_EVERY_MS = 500;
const LABELS_A_CALL = 2_000;
/** Answers that the rate and the latencies are of. */
const RECENT = 2_000;

interface Answered {
  index: number;
  key: string;
  value: ReplayRow['label'];
  labelAt: number;
}

class Run {
  readonly halt = new AbortController();
  readonly #options: ReplayOptions;
  readonly #concurrency: number;
  readonly #caller: GatewayCaller;
  readonly #counts = { sent: 0, answered: 0, failed: 0, labelled: 0 };
  readonly #versions: Record<number, number> = {};
  readonly #recent: { at: number; ms: number }[] = [];
  /** Rows by their place, whose answer has not come. */
  readonly #underWay = new Set<number>();
  /** In the order of the answers, so by `labelAt`. */
  #unlabelled: Answered[] = [];
  #next = 0;

  constructor(options: ReplayOptions) {
    this.#options = options;
    this.#concurrency = options.concurrency ?? 16;
    this.#caller = openCaller(options.url, this.#concurrency + 1);
  }

  done(): number {
    let first = this.#next;
    for (const index of this.#underWay) first = Math.min(first, index);
    for (const { index } of this.#unlabelled) first = Math.min(first, index);
    return first;
  }

  counts(): ReplayCounts {
    const latencies = this.#recent.map(({ ms }) => ms).sort((a, b) => a - b);
    const at = (share: number): number => latencies[Math.floor(share * (latencies.length - 1))] ?? 0;
    const seconds = (performance.now() - (this.#recent[0]?.at ?? Infinity)) / 1_000;
    const { retried, refusal } = this.#caller;
    return {
      ...this.#counts,
      retried,
      ...(refusal === undefined ? {} : { refusal }),
      versions: { ...this.#versions },
      rate: seconds > 0 ? this.#recent.length / seconds : 0,
      p50Ms: at(0.5),
      p99Ms: at(0.99),
    };
  }

  async run(): Promise<void> {
    const asked = new AbortController();
    const labels = this.#sendLabels(asked.signal);
    try {
      await this.#ask();
    } finally {
      asked.abort();
      await labels;
      this.#caller.close();
    }
  }

  /** Sends as many as the time that is over allows. */
  async #ask(): Promise<void> {
    const { rows, rate } = this.#options;
    const { signal } = this.halt;
    const underWay = new Set<Promise<void>>();
    let due = 1;
    let before = performance.now();
    for await (const row of rows) {
      while (!signal.aborted && (due < 1 || underWay.size >= this.#concurrency)) {
        await pause(TICK_MS, signal);
        const now = performance.now();
        due = Math.min(due + ((now - before) / 1_000) * rate, Math.max(1, (CATCH_UP_MS / 1_000) * rate));
        before = now;
      }
      if (signal.aborted) break;
      due -= 1;
      const asking = this.#askOne(row).finally(() => underWay.delete(asking));
      underWay.add(asking);
    }
    await Promise.all(underWay);
  }

  async #askOne({ key, row, label }: ReplayRow): Promise<void> {
    const index = this.#next++;
    this.#underWay.add(index);
    this.#counts.sent++;
    const began = performance.now();
    const answer = await this.#caller.post(`/models/${this.#options.name}/predict`, { row, key });
    this.#underWay.delete(index);
    if (answer === undefined) {
      this.#counts.failed++;
      return;
    }
    const now = performance.now();
    this.#counts.answered++;
    this.#recent.push({ at: now, ms: now - began });
    if (this.#recent.length > RECENT) this.#recent.shift();
    const { predictions } = JSON.parse(answer) as { predictions: { version: number }[] };
    const version = predictions[0]?.version ?? 0;
    this.#versions[version] = (this.#versions[version] ?? 0) + 1;
    this.#unlabelled.push({ index, key, value: label, labelAt: now + this.#options.labelDelayMs });
  }

  /** Until everything that was answered is labelled; at once where the replay was stopped. */
  async #sendLabels(asked: AbortSignal): Promise<void> {
    const { signal } = this.halt;
    while (!asked.aborted || this.#unlabelled.length > 0) {
      const now = signal.aborted ? Infinity : performance.now();
      const early = this.#unlabelled.findIndex(({ labelAt }) => labelAt > now);
      const batch = this.#unlabelled.slice(
        0,
        Math.min(early < 0 ? this.#unlabelled.length : early, LABELS_A_CALL),
      );
      if (batch.length > 0) await this.#label(batch);
      if (batch.length < LABELS_A_CALL && !(asked.aborted && signal.aborted))
        await pause(LABELS_EVERY_MS, signal);
    }
  }

  async #label(batch: readonly Answered[]): Promise<void> {
    const labels = batch.map(({ key, value }) => ({ key, value }));
    const answer = await this.#caller.post('/labels', { name: this.#options.name, labels });
    this.#unlabelled = this.#unlabelled.slice(batch.length);
    if (answer === undefined) this.#counts.failed += batch.length;
    else this.#counts.labelled += batch.length;
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const over = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', over);
      resolve();
    };
    const timer = setTimeout(over, ms);
    // Stopped already: the rest is done without waiting for more than a turn.
    if (signal.aborted) setImmediate(over);
    else signal.addEventListener('abort', over, { once: true });
  });
}
