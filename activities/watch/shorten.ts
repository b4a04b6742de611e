import type { ColumnFacts, WindowFacts } from '../../decisions/watch/facts.ts';
import { findFaults } from '../../decisions/watch/faults.ts';
import type { WatchPolicy } from '../../decisions/watch/policy.ts';

const MAX_COLUMNS = 100;
/** With the verdict and the signal, that repeat some of it, it stays below the 32 KiB that pass through a workflow. */
const MAX_BYTES = 23 * 1024;

/**
 * Columns that a verdict is told by: every one that a fault is told of (of more than 20 the first 20, which is as many as
 * a verdict names), and the 100 with the smallest p. Where they take too much room, first what is only reported goes, then
 * those with the largest p: of a column that is missing fewer stand out, never more (benjaminiHochberg.ts).
 */
export function shorten(facts: WindowFacts, policy: WatchPolicy): Shortened {
  const faulty = new Set(findFaults(facts, policy).map(({ column }) => column));
  const byP = facts.columns.toSorted(
    (a, b) =>
      Number(a.ignored ?? false) - Number(b.ignored ?? false) ||
      a.p - b.p ||
      b.effect - a.effect ||
      (a.column < b.column ? -1 : 1),
  );
  const [first, others] = [
    byP.filter(({ column }) => faulty.has(column)),
    byP.filter(({ column }) => !faulty.has(column)),
  ];
  const wanted = [...first, ...others.slice(0, MAX_COLUMNS - Math.min(first.length, MAX_COLUMNS))];
  if (bytesOf(wanted) <= MAX_BYTES) return { columns: wanted, whole: wanted.length === byP.length };
  let bytes = 0;
  const fitting = wanted.map(slim).filter((column) => (bytes += bytesOf(column) + 1) <= MAX_BYTES);
  return { columns: fitting, whole: false };
}

interface Shortened {
  columns: ColumnFacts[];
  /** Nothing was left out. */
  whole: boolean;
}

/** Without what is reported and never judged. */
function slim(column: ColumnFacts): ColumnFacts {
  return { ...column, psi: undefined, jensenShannon: undefined, wasserstein: undefined };
}

function bytesOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}
