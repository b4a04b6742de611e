/**
 * The natural logarithm as FreeBSD's msun and V8 compute it (fdlibm, Sun Microsystems, 1993), within one unit of the last
 * place, of numbers from 1 to 2^31 such as the sum of a softmax's exponentials is. In that range two can be computed at
 * once by one way (log.as.ts), and answers do not hang on what an engine's Math.log is. NaN gives NaN.
 */
export function log(x: number): number {
  // x = 2^k (1 + f), sqrt(1/2) < 1 + f < sqrt(2).
  let k = 31 - Math.clz32(x);
  let m = x / (1 << k);
  if (m > Math.SQRT2) {
    k += 1;
    m *= 0.5;
  }
  const f = m - 1;
  // log(1 + f) = log(1 + s) - log(1 - s), of which the even powers are gone.
  const s = f / (2 + f);
  const z = s * s;
  const w = z * z;
  const even = w * (L2 + w * (L4 + w * L6));
  const odd = z * (L1 + w * (L3 + w * (L5 + w * L7)));
  const half = 0.5 * f * f;
  return k * LN2_HIGH - (half - (s * (half + (odd + even)) + k * LN2_LOW) - f);
}

const LN2_HIGH = 6.9314718036912381649e-1;
const LN2_LOW = 1.90821492927058770002e-10;
const L1 = 6.66666666666673513e-1;
const L2 = 3.999999999940941908e-1;
const L3 = 2.857142874366239149e-1;
const L4 = 2.222219843214978396e-1;
const L5 = 1.818357216161805012e-1;
const L6 = 1.531383769920937332e-1;
const L7 = 1.479819860511658591e-1;
