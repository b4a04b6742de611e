import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeState } from '../embedded/files.ts';
import type { PerennialClient } from './client.ts';
import type { ReplayCounts } from './replay.ts';
import { count } from './terminal/format.ts';

/** The replay of `npm start`, which goes on where an earlier start left it. */
export interface Traffic {
  readonly rate: number;
  readonly labelDelayMs: number;
  counts(): ReplayCounts;
  /** How it stands, in one line. */
  line(): string;
  /** Labels what was answered, and keeps the place. May be called twice. */
  close(): Promise<void>;
}

/** Requests a second: some 10 % of one core for the gateway, so that training beside it takes no longer than alone. */
const RATE = 200;
const LABEL_DELAY_MS = 4_000;
const SAVE_EVERY_MS = 1_000;

export async function openTraffic(
  client: PerennialClient,
  { name, version, home }: { name: string; version: number; home: string },
): Promise<Traffic> {
  const file = join(home, 'replay', `${name}.json`);
  const skip = readPlace(file);
  const replay = await client.replay(name, { version, rate: RATE, labelDelayMs: LABEL_DELAY_MS, skip });
  // After a crash a second's worth is asked again: the same keys with the same labels, which count once.
  const save = (): void => writeState(file, { done: skip + replay.done() });
  const timer = setInterval(save, SAVE_EVERY_MS);
  let closed: Promise<void> | undefined;
  return {
    rate: RATE,
    labelDelayMs: LABEL_DELAY_MS,
    counts: () => replay.counts(),
    line: () => trafficLine(replay.counts()),
    close: () =>
      (closed ??= replay.stop().then(() => {
        clearInterval(timer);
        save();
      })),
  };
}

/** traffic 12,345 answered (200 a second, p50 2.1 ms, p99 8.0 ms), 0 failed, 11,540 labelled */
export function trafficLine({
  answered,
  rate,
  p50Ms,
  p99Ms,
  failed,
  labelled,
  refusal,
}: ReplayCounts): string {
  const pace =
    answered > 0
      ? ` (${Math.round(rate)} a second, p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms)`
      : '';
  const why = refusal === undefined ? '' : `; first ${refusal}`;
  return `traffic ${count(answered)} answered${pace}, ${count(failed)} failed, ${count(labelled)} labelled${why}`;
}

function readPlace(file: string): number {
  try {
    const { done } = JSON.parse(readFileSync(file, 'utf8')) as { done: number };
    return Number.isInteger(done) && done > 0 ? done : 0;
  } catch {
    return 0; // The first start.
  }
}
