/**
 * An ascending copy without missing values (NaN), as every comparison here wants them. Sorting is most of what a comparison
 * costs; by digits (radix sort, 11 bits a pass, passes in which all agree left out) it takes a third of the engine's own
 * sort at 100,000 random numbers.
 */
export function sortNumbers(values: Float64Array): Float64Array {
  const present = withoutMissing(values);
  return present.length < RADIX_FROM ? present.sort() : sortByDigits(present);
}

/** A loop: five times as fast as `filter`. */
function withoutMissing(values: Float64Array): Float64Array {
  const present = new Float64Array(values.length);
  let n = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    present[n] = value;
    // NaN alone differs from itself; the next one takes its place.
    if (value === value) n++;
  }
  return present.subarray(0, n);
}

/** Below this the histograms cost more than they save. */
const RADIX_FROM = 2000;
const BITS = 11;
const SIZE = 2 ** BITS;
const PASSES = 6;

/** Orders by the bits of the numbers, the lowest digit first, and puts what has the sign bit in front at the end. */
function sortByDigits(values: Float64Array): Float64Array {
  const n = values.length;
  const counts = countDigits(new Uint32Array(values.buffer, values.byteOffset, 2 * n));
  let from = values;
  let to: Float64Array = new Float64Array(n);
  for (let pass = 0; pass < PASSES; pass++) {
    const next = counts.subarray(pass * SIZE, (pass + 1) * SIZE);
    if (next.includes(n)) continue;
    let start = 0;
    for (let digit = 0; digit < SIZE; digit++) {
      const count = next[digit];
      next[digit] = start;
      start += count;
    }
    scatter(from, to, next, pass);
    [from, to] = [to, from];
  }
  // Positive numbers rise with their bits; behind them, negative ones fall.
  const negative = n - firstNegative(from);
  for (let i = 0; i < negative; i++) to[i] = from[n - 1 - i];
  to.set(from.subarray(0, n - negative), negative);
  return to;
}

/** Of all passes at once. @param bits low and high halves of the numbers, in turn (as on every machine that Node runs on) */
function countDigits(bits: Uint32Array): Int32Array {
  const counts = new Int32Array(PASSES * SIZE);
  for (let i = 0; i < bits.length; i += 2) {
    const low = bits[i];
    const high = bits[i + 1];
    counts[low & 2047]++;
    counts[SIZE + ((low >>> 11) & 2047)]++;
    counts[2 * SIZE + ((low >>> 22) | ((high & 1) << 10))]++;
    counts[3 * SIZE + ((high >>> 1) & 2047)]++;
    counts[4 * SIZE + ((high >>> 12) & 2047)]++;
    counts[5 * SIZE + (high >>> 23)]++;
  }
  return counts;
}

/** @param next where the next number of each digit goes; it moves on */
function scatter(from: Float64Array, to: Float64Array, next: Int32Array, pass: number): void {
  const bits = new Uint32Array(from.buffer, from.byteOffset, 2 * from.length);
  const n = from.length;
  if (pass === 2) {
    // The digit that lies across both halves.
    for (let i = 0; i < n; i++) to[next[(bits[2 * i] >>> 22) | ((bits[2 * i + 1] & 1) << 10)]++] = from[i];
    return;
  }
  const half = pass < 2 ? 0 : 1;
  const shift = pass < 2 ? pass * BITS : (pass - 3) * BITS + 1;
  for (let i = 0; i < n; i++) to[next[(bits[2 * i + half] >>> shift) & 2047]++] = from[i];
}

/** Where the sign bit begins; zero has one of each sign. */
function firstNegative(byBits: Float64Array): number {
  const bits = new Uint32Array(byBits.buffer, byBits.byteOffset, 2 * byBits.length);
  let [low, high] = [0, byBits.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (bits[2 * middle + 1] >>> 31) high = middle;
    else low = middle + 1;
  }
  return low;
}
