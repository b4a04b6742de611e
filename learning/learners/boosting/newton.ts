/** The sums of the derivatives at the positions rows[from..to], in their order. @param hessian where its sum begins */
export function sumSlopes(
  gradients: Float64Array,
  hessians: Float64Array,
  offset: number,
  rows: Int32Array,
  from: number,
  to: number,
  hessian: number,
): { gradient: number; hessian: number } {
  let gradient = 0;
  for (let i = from; i < to; i++) {
    gradient += gradients[offset + rows[i]];
    hessian += hessians[offset + rows[i]];
  }
  return { gradient, hessian };
}

/** Adds a leaf's answer to the scores of the positions rows[from..to]. @param offset of the first position in `scores` */
export function addTo(
  scores: Float64Array,
  offset: number,
  rows: Int32Array,
  from: number,
  to: number,
  value: number,
): void {
  for (let i = from; i < to; i++) scores[offset + rows[i]] += value;
}
