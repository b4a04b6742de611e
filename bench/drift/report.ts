import { table } from '../../client/terminal/table.ts';
import type { Compared } from './peers.ts';

/** Ours beside one peer on one work. */
export interface Line {
  work: string;
  against: string;
  oursMs: number;
  /** Absent where it was not measured. */
  otherMs?: number;
  /** The other's time over ours: how many times as fast we are. */
  ratio?: number;
  /** The largest relative difference of p over the columns; absent where the peer does not tell its p. */
  pApart?: number;
}

/** @param ours and @param other one a round, on the same samples */
export function compareRounds(
  work: string,
  against: string,
  ours: readonly Compared[],
  other: readonly Compared[] | undefined,
): Line {
  const oursMs = median(ours.map(({ ms }) => ms));
  if (!other?.length) return { work, against, oursMs };
  const otherMs = median(other.map(({ ms }) => ms));
  const [mine, theirs] = [ours[0].p, other[0].p];
  return {
    work,
    against,
    oursMs,
    otherMs,
    ratio: otherMs / oursMs,
    ...(mine && theirs && { pApart: Math.max(...mine.map((p, i) => apart(p, theirs[i]))) }),
  };
}

export function driftTable(lines: readonly Line[]): string {
  const head = ['work', 'ms', 'beside', 'ms', 'times as fast', 'p apart'];
  const rows = lines.map(({ work, against, oursMs, otherMs, ratio, pApart }) => [
    work,
    oursMs.toFixed(1),
    against,
    otherMs?.toFixed(1) ?? 'not measured',
    ratio?.toFixed(2) ?? '',
    pApart?.toExponential(1) ?? '',
  ]);
  return table([head, ...rows], { right: [1, 3, 4, 5] });
}

function apart(ours: number, theirs: number): number {
  return ours === theirs ? 0 : Math.abs(ours - theirs) / Math.max(ours, theirs);
}

/** Of an even number the mean of the middle two. */
function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}
