/**
 * Which of many tests stand out, so that among those that do at most a share `q` is expected to be there by chance
 * (Benjamini and Hochberg, Journal of the Royal Statistical Society B 57, 1995; for tests that are independent or lean
 * the same way).
 *
 * @param p of the tests at hand: all of them, or the smallest ones. What is missing can only make
 *   fewer stand out: that of a smaller one, and that of larger ones where all at hand nearly do.
 * @param tests how many there were in all
 * @param q 0 to 1
 * @returns in the order of `p`
 */
export function benjaminiHochberg(p: readonly number[], tests: number, q: number): boolean[] {
  const all = Math.max(tests, p.length);
  const ascending = p.filter(Number.isFinite).sort((a, b) => a - b);
  // Step up: the largest that is below its line takes all smaller ones with it.
  const last = ascending.findLastIndex((value, i) => value <= ((i + 1) / all) * q);
  return p.map((value) => last >= 0 && value <= ascending[last]);
}
