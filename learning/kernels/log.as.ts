/**
 * Two logarithms at once of numbers from 1 to 2^31, bit for bit those of learning/kernels/log.ts, which says where they
 * come from. The comments there name the steps.
 */
export function log(x: v128): v128 {
  const one = f64x2.splat(1);
  const fraction = v128.or(v128.and(x, i64x2.splat(0x000fffffffffffff)), one);
  const large = f64x2.gt(fraction, f64x2.splat(1.4142135623730951));
  // The exponent's bits as a number: laid into the lowest of 2^52, from which 2^52 and the bias are taken.
  const biased = v128.or(i64x2.shr_u(x, 52), f64x2.splat(4503599627370496));
  const k = f64x2.add(f64x2.sub(biased, f64x2.splat(4503599627371519)), v128.and(large, one));
  const m = v128.bitselect(f64x2.mul(fraction, f64x2.splat(0.5)), fraction, large);
  const f = f64x2.sub(m, one);
  const s = f64x2.div(f, f64x2.add(f64x2.splat(2), f));
  const z = f64x2.mul(s, s);
  const w = f64x2.mul(z, z);
  let even = f64x2.mul(w, f64x2.splat(1.531383769920937332e-1));
  even = f64x2.mul(w, f64x2.add(f64x2.splat(2.222219843214978396e-1), even));
  even = f64x2.mul(w, f64x2.add(f64x2.splat(3.999999999940941908e-1), even));
  let odd = f64x2.mul(w, f64x2.splat(1.479819860511658591e-1));
  odd = f64x2.mul(w, f64x2.add(f64x2.splat(1.818357216161805012e-1), odd));
  odd = f64x2.mul(w, f64x2.add(f64x2.splat(2.857142874366239149e-1), odd));
  odd = f64x2.mul(z, f64x2.add(f64x2.splat(6.66666666666673513e-1), odd));
  const half = f64x2.mul(f64x2.mul(f64x2.splat(0.5), f), f);
  const low = f64x2.add(
    f64x2.mul(s, f64x2.add(half, f64x2.add(odd, even))),
    f64x2.mul(k, f64x2.splat(1.90821492927058770002e-10)),
  );
  const result = f64x2.sub(
    f64x2.mul(k, f64x2.splat(6.9314718036912381649e-1)),
    f64x2.sub(f64x2.sub(half, low), f),
  );
  // x - x is 0, of NaN it is NaN.
  return f64x2.add(result, f64x2.sub(x, x));
}
