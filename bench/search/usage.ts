import { readFileSync } from 'node:fs';
import { MEBIBYTE } from '../../config/units.ts';
import { TICKS_A_SECOND, ticksOf } from '../processes.ts';

/** What processes and all that they started used while something ran. */
export interface Usage {
  /** Of the processor; of processes that began or ended meanwhile what was seen of them. */
  cpuSeconds: number;
  /** The most memory that they held together: proportional set size (PSS), which counts a shared page once. */
  peakMebibytes: number;
}

/** Looking costs the kernel a walk over all pages of a process, some milliseconds a gigabyte. */
const LOOK_EVERY_MS = 250;

/** Undefined beside the result where the system does not tell (anything but Linux). */
export async function usageOf<T>(
  pids: () => readonly number[],
  work: () => Promise<T>,
): Promise<{ result: T; usage?: Usage }> {
  const before = ticksOf(pids());
  const seen = new Map(before);
  let peakBytes = 0;
  const look = (): void => {
    const now = ticksOf(pids());
    for (const [pid, ticks] of now) seen.set(pid, ticks);
    peakBytes = Math.max(peakBytes, bytesOf(now.keys()));
  };
  const timer = setInterval(look, LOOK_EVERY_MS);
  try {
    const result = await work();
    look();
    if (peakBytes === 0) return { result };
    let ticks = 0;
    for (const [pid, after] of seen) ticks += after - (before.get(pid) ?? 0);
    return {
      result,
      usage: { cpuSeconds: ticks / TICKS_A_SECOND, peakMebibytes: peakBytes / MEBIBYTE },
    };
  } finally {
    clearInterval(timer);
  }
}

function bytesOf(pids: Iterable<number>): number {
  let bytes = 0;
  for (const pid of pids) {
    try {
      const kibibytes = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1];
      bytes += Number(kibibytes ?? 0) * 1024;
    } catch {
      // It has ended meanwhile, or the system does not tell.
    }
  }
  return bytes;
}
