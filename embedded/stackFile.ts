import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeState } from './files.ts';
import { isRunning, stopProcess, type ProcessMark } from './processes.ts';

/** `orchestrator-0`, `trainer-0`, `trainer-1`, `gateway-0` ... */
export type PartName =
  'temporal' | 'postgres' | `orchestrator-${number}` | `trainer-${number}` | `gateway-${number}`;

/** What stands in `<home>/stack.json`, which is readable by its owner alone: the database's address has the password. */
export interface StackInfo {
  supervisor: ProcessMark;
  /** True once every part has answered. */
  ready: boolean;
  home: string;
  namespace: string;
  temporalAddress: string;
  databaseUrl: string;
  /** Of the embedded server; unknown for one of your own. */
  uiUrl?: string;
  /** Where the gateway answers, the same between starts; none where it is not a part of this stack. */
  gatewayUrl?: string;
  /** By PartName; only those that this stack runs itself. */
  parts: Record<string, ProcessMark>;
  /** ISO 8601. */
  startedAt: string;
}

/** @returns undefined where there is none, or its supervisor is gone. */
export function readStack(home: string): StackInfo | undefined {
  const info = readFile(home);
  return info !== undefined && isRunning(info.supervisor) ? info : undefined;
}

/** Written after every change, before anything else happens: what a killed supervisor leaves behind is found by it. */
export function writeStack(info: StackInfo): void {
  writeState(pathOf(info.home), info);
}

export function removeStack(home: string): void {
  rmSync(pathOf(home), { force: true });
}

/** Stops what a supervisor that was killed left running. @returns the names of what was stopped. */
export async function stopLeftovers(home: string): Promise<string[]> {
  const info = readFile(home);
  if (info === undefined || isRunning(info.supervisor)) return [];
  const left = Object.entries(info.parts).filter(([, mark]) => isRunning(mark));
  const server = (name: string) => name === 'temporal' || name === 'postgres';
  const stop = (which: typeof left) =>
    Promise.all(which.map(([, mark]) => stopProcess(mark, 'SIGINT', LEFTOVER_GRACE_MS)));
  await stop(left.filter(([name]) => !server(name)));
  await stop(left.filter(([name]) => server(name)));
  removeStack(home);
  return left.map(([name]) => name);
}

const LEFTOVER_GRACE_MS = 15_000;

function readFile(home: string): StackInfo | undefined {
  try {
    return JSON.parse(readFileSync(pathOf(home), 'utf8')) as StackInfo;
  } catch {
    return undefined;
  }
}

function pathOf(home: string): string {
  return join(home, 'stack.json');
}
