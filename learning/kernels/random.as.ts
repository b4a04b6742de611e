/** The generator of learning/rng.ts, its four words of state at `state`; bit for bit the same numbers. */

export function seedRandom(state: usize, seed: u32): void {
  for (let i: usize = 0; i < 16; i += 4) {
    seed += 0x9e3779b9;
    store<u32>(state + i, scramble(seed));
  }
}

function scramble(z: u32): u32 {
  z = (z ^ (z >>> 16)) * 0x21f0aaad;
  z = (z ^ (z >>> 15)) * 0x735a2d97;
  return z ^ (z >>> 15);
}

export function uint32(state: usize): u32 {
  const s1 = load<u32>(state, 4);
  const s2 = load<u32>(state, 8) ^ load<u32>(state);
  const s3 = load<u32>(state, 12) ^ s1;
  store<u32>(state, load<u32>(state) ^ s3);
  store<u32>(state, s1 ^ s2, 4);
  store<u32>(state, s2 ^ (s1 << 9), 8);
  store<u32>(state, rotl<u32>(s3, 11), 12);
  return rotl<u32>(s1 * 5, 7) * 9;
}

/** 0 <= result < bound */
export function below(state: usize, bound: u32): u32 {
  if (bound <= 1) return 0;
  const shift = clz<u32>(bound - 1);
  let value = uint32(state) >>> shift;
  while (value >= bound) value = uint32(state) >>> shift;
  return value;
}

/** 0 <= result < 1, with 53 random bits. */
export function unit(state: usize): f64 {
  const high = <f64>(uint32(state) >>> 5);
  return (high * 67108864 + <f64>(uint32(state) >>> 6)) / 9007199254740992;
}
