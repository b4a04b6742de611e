import { readdirSync, readFileSync } from 'node:fs';

/** Linux counts in hundredths of a second. */
export const TICKS_A_SECOND = 100;

/** Clock ticks of the processor by process, of those of these that live and of their descendants; empty anywhere but on Linux. */
export function ticksOf(roots: readonly number[]): Map<number, number> {
  const parents = new Map<number, number>();
  const ticks = new Map<number, number>();
  for (const name of listProcesses()) {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      // After the command in brackets: state, parent ...; user and system time are the 12th and 13th (proc(5)).
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      parents.set(Number(name), Number(fields[1]));
      ticks.set(Number(name), Number(fields[11]) + Number(fields[12]));
    } catch {
      // It has ended meanwhile.
    }
  }
  const descends = (pid: number): boolean => {
    for (let at: number | undefined = pid; at; at = parents.get(at)) if (roots.includes(at)) return true;
    return false;
  };
  return new Map([...ticks].filter(([pid]) => descends(pid)));
}

function listProcesses(): string[] {
  try {
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
}
