/**
 * e^x as FreeBSD's msun and V8 compute it (fdlibm, Sun Microsystems, 1993), within one unit of the last place, but by
 * one way for all x so that two can be computed at once (exp.as.ts). So answers do not hang on what an engine's
 * Math.exp is; V8's is the same except at 1, where it gives Math.E. -Infinity gives 0, NaN itself.
 */
export function exp(x: number): number {
  const size = Math.abs(x);
  if (size < 2 ** -28) return 1 + x;
  // Beyond these bounds all is Infinity, or 0.
  const bounded = Math.max(-746, Math.min(710, x));
  // x = k ln 2 + r, |r| < 0.35; ln 2 in two parts, the first so short that its product with k is exact.
  const k = size < UP_TO_NONE ? 0 : Math.trunc(bounded * INVERSE_LN2 + (x < 0 ? -0.5 : 0.5));
  const high = bounded - k * LN2_HIGH;
  const low = k * LN2_LOW;
  const r = high - low;
  const t = r * r;
  // The rational approximation of e^r by r (e^r + 1) / (e^r - 1), an even function.
  const c = r - t * (P1 + t * (P2 + t * (P3 + t * (P4 + t * P5))));
  const y = 1 - (low - (r * c) / (2 - c) - high);
  // In two factors, as 2^k itself may not be a normal number; only the second can round.
  const first = Math.floor(k * 0.5);
  return y * powerOfTwo(first) * powerOfTwo(k - first);
}

/** From here on k is not 0: half of ln 2, rounded up to 32 bits. */
const UP_TO_NONE = 0.3465735912322998;
const INVERSE_LN2 = 1.442695040888963387;
const LN2_HIGH = 6.9314718036912381649e-1;
const LN2_LOW = 1.90821492927058770002e-10;
const P1 = 1.66666666666666019037e-1;
const P2 = -2.77777777770155933842e-3;
const P3 = 6.61375632143793436117e-5;
const P4 = -1.6533902205465251539e-6;
const P5 = 4.13813679705723846039e-8;

const POWERS = Float64Array.from({ length: 1101 }, (_, i) => 2 ** (i - 550));

/** |k| <= 550 */
function powerOfTwo(k: number): number {
  return POWERS[k + 550];
}
