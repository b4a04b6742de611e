/** What boosting minimises: its value and slopes by the scores, which lie as [scores, stride], position by position. */
export interface Loss {
  /** Scores a row has: one, or one a class. */
  readonly scores: number;
  /**
   * The best constant score of positions 0..rows (excluded), by score.
   *
   * @param weights here and below by position; absent: all count alike
   */
  start(y: Float64Array, rows: number, weights?: Float64Array): Float64Array;
  /** First and second derivative at positions 0..rows (excluded), as if all counted alike. */
  derive(
    y: Float64Array,
    scores: Float64Array,
    rows: number,
    stride: number,
    gradients: Float64Array,
    hessians: Float64Array,
  ): void;
  /** The mean over positions from..to (excluded). */
  mean(
    y: Float64Array,
    scores: Float64Array,
    from: number,
    to: number,
    stride: number,
    weights?: Float64Array,
  ): number;
  /**
   * Where the second derivative says nothing of the best step: the constant that is best added to the scores of
   * positions rows[from..to].
   */
  step?(
    y: Float64Array,
    scores: Float64Array,
    rows: Int32Array,
    from: number,
    to: number,
    weights?: Float64Array,
  ): number;
}
