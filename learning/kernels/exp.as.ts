/**
 * Two exponentials at once, bit for bit those of learning/kernels/exp.ts, which says where they come from.
 * The comments there name the steps.
 */
export function exp(x: v128): v128 {
  x = f64x2.pmax(f64x2.pmin(x, f64x2.splat(710)), f64x2.splat(-746));
  const size = f64x2.abs(x);
  const half = v128.or(f64x2.splat(0.5), v128.and(x, f64x2.splat(-0.0)));
  const steps = f64x2.trunc(f64x2.add(f64x2.mul(x, f64x2.splat(1.442695040888963387)), half));
  const k = v128.and(steps, f64x2.ge(size, f64x2.splat(0.3465735912322998)));
  const high = f64x2.sub(x, f64x2.mul(k, f64x2.splat(6.9314718036912381649e-1)));
  const low = f64x2.mul(k, f64x2.splat(1.90821492927058770002e-10));
  const r = f64x2.sub(high, low);
  const t = f64x2.mul(r, r);
  let c = f64x2.splat(4.13813679705723846039e-8);
  c = f64x2.add(f64x2.mul(t, c), f64x2.splat(-1.6533902205465251539e-6));
  c = f64x2.add(f64x2.mul(t, c), f64x2.splat(6.61375632143793436117e-5));
  c = f64x2.add(f64x2.mul(t, c), f64x2.splat(-2.77777777770155933842e-3));
  c = f64x2.add(f64x2.mul(t, c), f64x2.splat(1.66666666666666019037e-1));
  c = f64x2.sub(r, f64x2.mul(t, c));
  const q = f64x2.div(f64x2.mul(r, c), f64x2.sub(f64x2.splat(2), c));
  const y = f64x2.sub(f64x2.splat(1), f64x2.sub(f64x2.sub(low, q), high));
  const first = f64x2.floor(f64x2.mul(k, f64x2.splat(0.5)));
  const power = f64x2.mul(f64x2.mul(y, powerOfTwo(first)), powerOfTwo(f64x2.sub(k, first)));
  const tiny = f64x2.lt(size, f64x2.splat(3.725290298461914e-9));
  return v128.bitselect(f64x2.add(f64x2.splat(1), x), power, tiny);
}

/** 2^k of whole |k| < 1023: with 1.5 * 2^52 added, k stands in the lowest bits. */
function powerOfTwo(k: v128): v128 {
  const bits = f64x2.add(k, f64x2.splat(6755399441055744));
  return i64x2.shl(i64x2.add(bits, i64x2.splat(1023)), 52);
}
