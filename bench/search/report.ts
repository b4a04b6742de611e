import { table } from '../../client/terminal/table.ts';
import type { Found } from './peer.ts';
import type { Usage } from './usage.ts';
import type { Searched } from './world.ts';

export interface PeerSearched extends Found {
  usage?: Usage;
}

/** One search beside the peer's. */
export interface SearchLine {
  work: string;
  /** Median seconds of search and refit. */
  ours: number;
  /** Absent where it was not measured. */
  peer?: number;
  /** The peer's over ours: above 1 ours is faster. */
  ratio?: number;
  /** The same of the processor's seconds, ours with those of Temporal's server and Postgres. */
  cpuRatio?: number;
  /** The peer's peak memory over that of our orchestrator and trainer while they search and refit. */
  memoryRatio?: number;
  scores: { ours: Searched; peer?: PeerSearched };
  /** All rounds, in their order. */
  rounds: { ours: Searched[]; peer: PeerSearched[] };
}

export function compareSearches(
  work: string,
  ours: readonly Searched[],
  theirs: readonly PeerSearched[],
): SearchLine {
  const mine = medianOf(ours, ({ seconds }) => seconds);
  const line = {
    work,
    ours: mine.seconds,
    scores: { ours: mine },
    rounds: { ours: [...ours], peer: [...theirs] },
  };
  if (theirs.length === 0) return line;
  const other = medianOf(theirs, ({ seconds }) => seconds);
  const peaks = [peakOf(theirs), peakOf(ours)];
  const cpu = [cpuOf(theirs), cpuOf(ours)];
  return {
    ...line,
    peer: other.seconds,
    ratio: other.seconds / mine.seconds,
    ...(cpu[1] > 0 ? { cpuRatio: cpu[0] / cpu[1] } : {}),
    ...(peaks[1] > 0 ? { memoryRatio: peaks[0] / peaks[1] } : {}),
    scores: { ours: mine, peer: other },
  };
}

/** Of all rounds, as memory once taken may stay with a process. */
function peakOf(rounds: readonly PeerSearched[]): number {
  return Math.max(...rounds.map(({ usage }) => usage?.peakMebibytes ?? 0));
}

function cpuOf(rounds: readonly (PeerSearched & { servers?: Usage })[]): number {
  const seconds = ({ usage, servers }: (typeof rounds)[number]) =>
    (usage?.cpuSeconds ?? 0) + (servers?.cpuSeconds ?? 0);
  return seconds(medianOf(rounds, seconds));
}

export function searchTable(lines: readonly SearchLine[]): string {
  const side = ['s', 'CPU s', 'MiB', 'CV accuracy', 'hold-out'];
  const figures = (found: PeerSearched, peak: number) => [
    found.seconds.toFixed(2),
    found.usage?.cpuSeconds.toFixed(2) ?? '',
    peak > 0 ? peak.toFixed(0) : '',
    found.cv.toFixed(4),
    found.accuracy.toFixed(4),
  ];
  const rows = lines.map(({ work, scores, rounds, ratio, cpuRatio, memoryRatio }) => [
    work,
    ...figures(scores.ours, peakOf(rounds.ours)),
    scores.ours.servers?.cpuSeconds.toFixed(2) ?? '',
    ...[rounds.ours.reduce((most, { memory }) => Math.max(most, memory?.all ?? 0), 0).toFixed(0)],
    `${scores.ours.candidates} / ${scores.ours.children}`,
    ...(scores.peer ? figures(scores.peer, peakOf(rounds.peer)) : ['not measured', '', '', '', '']),
    ratio?.toFixed(2) ?? '',
    cpuRatio?.toFixed(2) ?? '',
    memoryRatio?.toFixed(2) ?? '',
  ]);
  const head = [
    ...['search', ...side, 'servers CPU s', 'whole run, with gateway, MiB', 'candidates / children'],
    ...side.map((name) => `peer's ${name}`),
    ...['ratio', 'CPU ratio', 'memory ratio'],
  ];
  return table([head, ...rows], { right: head.map((_, i) => i).slice(1) });
}

/** The one of median size: a round as it was, and no mean of two. */
export function medianOf<T>(items: readonly T[], size: (item: T) => number): T {
  const sorted = items.toSorted((a, b) => size(a) - size(b));
  return sorted[sorted.length >> 1];
}
