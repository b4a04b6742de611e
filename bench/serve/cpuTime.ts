import { TICKS_A_SECOND, ticksOf } from '../processes.ts';

/**
 * Seconds of processor time that a process and its living descendants have used; undefined where the system does not
 * tell (anything but Linux). Other than a rate it hardly depends on what else the machine does.
 */
export function cpuSeconds(pid: number): number | undefined {
  const ticks = ticksOf([pid]);
  if (!ticks.has(pid)) return undefined;
  let sum = 0;
  for (const own of ticks.values()) sum += own;
  return sum / TICKS_A_SECOND;
}
