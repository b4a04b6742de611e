/** What a row is multiplied and added up to: the log of every class's share and of the densities of its values. */
export interface NaiveBayesModel {
  classes: number;
  /** The columns that hold sizes, in order; absent: all. */
  sizes?: Int32Array;
  /** [classes, sizes] */
  means: Float64Array;
  /** [classes, sizes], -1 / (2 variance): what a squared distance from the mean is multiplied by. */
  slopes: Float64Array;
  /** [classes], the log of the class's share and of what makes its densities integrate to 1; -Infinity without rows. */
  offsets: Float64Array;
  /** [classes, sizes], what a missing value takes back from the offset; absent: none may be missing. */
  lacking?: Float64Array;
  /** The columns of categories, in order. */
  categories?: CategoryShares[];
}

export interface CategoryShares {
  column: number;
  /** [categories, classes], the log of the share of each among the rows of a class; 0 of a class without rows. */
  logs: Float64Array;
}
