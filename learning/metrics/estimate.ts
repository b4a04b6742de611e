/** A metric on a sample of rows. */
export interface Estimate {
  /** Undefined where the rows do not determine it; never a made-up number. */
  value: number | undefined;
  /** Standard error of the value over samples of as many rows, where there is a cheap and honest one. */
  standardError?: number;
}

/** Mean of one number a row, with the standard error of that mean (sample standard deviation over the root of the rows). */
export function meanOf(rows: number, at: (row: number) => number): Estimate {
  if (rows === 0) return { value: undefined };
  // Welford's recurrence: one pass, and no cancellation where the mean is large and the spread is small.
  let mean = 0;
  let squares = 0;
  for (let row = 0; row < rows; row++) {
    const value = at(row);
    const delta = value - mean;
    mean += delta / (row + 1);
    squares += delta * (value - mean);
  }
  return { value: mean, standardError: rows > 1 ? Math.sqrt(squares / (rows - 1) / rows) : undefined };
}
