import { readdirSync, readFileSync } from 'node:fs';

/** Linux counts in hundredths of a second. */
const TICKS_A_SECOND = 100;

/**
 * Seconds of processor time that a process and its living descendants have used; undefined where the system does not
 * tell (anything but Linux). Other than a rate it hardly depends on what else the machine does.
 */
export function cpuSeconds(pid: number): number | undefined {
  const processes = readProcesses();
  if (!processes.has(pid)) return undefined;
  let ticks = 0;
  for (const [id, process] of processes) if (descendsFrom(id, pid, processes)) ticks += process.ticks;
  return ticks / TICKS_A_SECOND;
}

interface Process {
  parent: number;
  ticks: number;
}

function readProcesses(): Map<number, Process> {
  const processes = new Map<number, Process>();
  for (const name of listProc()) {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      // After the command in brackets: state, parent ...; user and system time are the 12th and 13th (proc(5)).
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      processes.set(Number(name), {
        parent: Number(fields[1]),
        ticks: Number(fields[11]) + Number(fields[12]),
      });
    } catch {
      // It has ended meanwhile.
    }
  }
  return processes;
}

function listProc(): string[] {
  try {
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
}

function descendsFrom(id: number, ancestor: number, processes: ReadonlyMap<number, Process>): boolean {
  for (let at: number | undefined = id; at; at = processes.get(at)?.parent) if (at === ancestor) return true;
  return false;
}
