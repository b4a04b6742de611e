import { BINS, type Columns } from './packedBins.ts';

/**
 * Orders the positions rows[from..to] so that those whose bin is up to `cut` come first. Stable, without a branch on the
 * data: about half of such branches would be mispredicted.
 *
 * @param scratch as long as `rows`; overwritten
 * @returns where the others begin
 */
export function partition(
  columns: Columns,
  column: number,
  cut: number,
  rows: Int32Array,
  from: number,
  to: number,
  scratch: Int32Array,
): number {
  return partitionWithGap(columns, column, cut, NO_GAP, rows, from, to, scratch);
}

const NO_GAP = -1;

/** As `partition`, but bins of a set go left, and all others right. */
export function partitionBySet(
  { bins, length }: Columns,
  column: number,
  members: Uint8Array,
  rows: Int32Array,
  from: number,
  to: number,
  scratch: Int32Array,
): number {
  const staysRight = new Uint8Array(BINS).fill(1);
  for (const bin of members) staysRight[bin] = 0;
  const start = column * length;
  let left = from;
  let right = 0;
  for (let i = from; i < to; i++) {
    const row = rows[i];
    const goesRight = staysRight[bins[start + row]];
    rows[left] = row;
    scratch[right] = row;
    right += goesRight;
    left += 1 - goesRight;
  }
  for (let i = 0; i < right; i++) rows[left + i] = scratch[i];
  return left;
}

/** As `partition`, but one bin, that of missing values, goes left in spite of the cut. Of few cuts, so it is not compiled. */
export function partitionWithGap(
  { bins, length }: Columns,
  column: number,
  cut: number,
  gap: number,
  rows: Int32Array,
  from: number,
  to: number,
  scratch: Int32Array,
): number {
  const start = column * length;
  let left = from;
  let right = 0;
  for (let i = from; i < to; i++) {
    const row = rows[i];
    const bin = bins[start + row];
    const goesRight = ((cut - bin) >>> 31) & (((bin - gap) | (gap - bin)) >>> 31);
    rows[left] = row;
    scratch[right] = row;
    right += goesRight;
    left += 1 - goesRight;
  }
  for (let i = 0; i < right; i++) rows[left + i] = scratch[i];
  return left;
}
