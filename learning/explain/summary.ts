/** How much a column contributes over the rows of a sample. */
export interface ColumnContribution {
  column: string;
  /** Mean of the contribution's size, by output: the mean of |phi| over the rows. */
  meanAbsolute: number[];
  /** 95 % interval of the sum of `meanAbsolute` over the outputs, by the rows' standard error. */
  low: number;
  high: number;
}

/**
 * Contributions of many rows as one number a column, largest first (Lundberg et al. 2020: "global importance").
 *
 * @param contributions [rows][columns, outputs], at least one row
 */
export function summariseContributions(
  columns: readonly string[],
  outputs: number,
  contributions: readonly Float64Array[],
): ColumnContribution[] {
  const rows = contributions.length;
  return columns
    .map((column, c) => {
      const meanAbsolute = new Array<number>(outputs).fill(0);
      let total = 0;
      let square = 0;
      for (const row of contributions) {
        let size = 0;
        for (let k = 0; k < outputs; k++) {
          const part = Math.abs(row[c * outputs + k]);
          meanAbsolute[k] += part / rows;
          size += part;
        }
        total += size;
        square += size * size;
      }
      const mean = total / rows;
      const variance = rows > 1 ? Math.max(0, square - rows * mean * mean) / (rows - 1) : 0;
      const error = Z_95 * Math.sqrt(variance / rows);
      return { column, meanAbsolute, low: Math.max(0, mean - error), high: mean + error, mean };
    })
    .sort((a, b) => b.mean - a.mean || (a.column < b.column ? -1 : 1))
    .map(({ column, meanAbsolute, low, high }) => ({ column, meanAbsolute, low, high }));
}

const Z_95 = 1.959963984540054;
