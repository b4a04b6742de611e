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

/** The memory of groups of processes at one time. */
export interface Look<G extends string> {
  /** Milliseconds since 1970. */
  at: number;
  mebibytes: Record<G, number>;
}

/** Looking costs the kernel a walk over all pages of a process, some milliseconds a gigabyte. */
const LOOK_EVERY_MS = 250;

/**
 * @param groups of processes, by name
 * @returns beside the result nothing where the system does not tell (anything but Linux)
 */
export async function usageOf<T, G extends string>(
  groups: Record<G, () => readonly number[]>,
  work: () => Promise<T>,
): Promise<{ result: T; usage?: Record<G, Usage>; looks: Look<G>[] }> {
  const names = Object.keys(groups) as G[];
  const of = <V>(value: (name: G) => V) =>
    Object.fromEntries(names.map((name) => [name, value(name)])) as Record<G, V>;
  const before = of((name) => ticksOf(groups[name]()));
  const seen = of((name) => new Map(before[name]));
  const looks: Look<G>[] = [];
  const look = (): void => {
    const at = Date.now();
    const mebibytes = of((name) => {
      const now = ticksOf(groups[name]());
      for (const [pid, ticks] of now) seen[name].set(pid, ticks);
      return bytesOf(now.keys()) / MEBIBYTE;
    });
    looks.push({ at, mebibytes });
  };
  const timer = setInterval(look, LOOK_EVERY_MS);
  try {
    const result = await work();
    look();
    if (peakOf(looks, names) === 0) return { result, looks };
    const usage = of((name) => {
      let ticks = 0;
      for (const [pid, after] of seen[name]) ticks += after - (before[name].get(pid) ?? 0);
      return { cpuSeconds: ticks / TICKS_A_SECOND, peakMebibytes: peakOf(looks, [name]) };
    });
    return { result, usage, looks };
  } finally {
    clearInterval(timer);
  }
}

/** The most memory that these groups held together, in mebibytes. */
export function peakOf<G extends string>(
  looks: readonly Look<G>[],
  groups: readonly G[],
  within: { from: number; to: number } = { from: -Infinity, to: Infinity },
): number {
  const sums = looks
    .filter(({ at }) => at >= within.from && at <= within.to)
    .map(({ mebibytes }) => groups.reduce((sum, group) => sum + mebibytes[group], 0));
  return Math.max(0, ...sums);
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
