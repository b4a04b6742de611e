import { BINS, type Columns } from './packedBins.ts';

/**
 * Orders the positions rows[from..to] so that those whose bin is up to `cut` come first. Stable.
 *
 * @param scratch as long as `rows`; overwritten
 * @returns where the others begin
 */
export function partition(columns: Columns, column: number, cut: number, ...stretch: Stretch): number {
  return divide(columns, column, beyond(cut), ...stretch);
}

/** As `partition`, but one bin, that of missing values, goes left in spite of the cut. Of few cuts, so it is not compiled. */
export function partitionWithGap(
  columns: Columns,
  column: number,
  cut: number,
  gap: number,
  ...stretch: Stretch
): number {
  const goesRight = beyond(cut);
  goesRight[gap] = 0;
  return divide(columns, column, goesRight, ...stretch);
}

/** As `partition`, but bins of a set go left, and all others right. */
export function partitionBySet(
  columns: Columns,
  column: number,
  members: Uint8Array,
  ...stretch: Stretch
): number {
  const goesRight = beyond(-1);
  for (const bin of members) goesRight[bin] = 0;
  return divide(columns, column, goesRight, ...stretch);
}

type Stretch = [rows: Int32Array, from: number, to: number, scratch: Int32Array];

/** 1 of each bin that lies beyond the cut. */
const beyond = (cut: number): Uint8Array => new Uint8Array(BINS).fill(1, cut + 1);

/** Without a branch on the data: about half of such branches would be mispredicted. */
function divide(
  { bins, length }: Columns,
  column: number,
  goesRight: Uint8Array,
  ...[rows, from, to, scratch]: Stretch
): number {
  const start = column * length;
  let left = from;
  let right = 0;
  for (let i = from; i < to; i++) {
    const row = rows[i];
    const isRight = goesRight[bins[start + row]];
    rows[left] = row;
    scratch[right] = row;
    right += isRight;
    left += 1 - isRight;
  }
  for (let i = 0; i < right; i++) rows[left + i] = scratch[i];
  return left;
}
