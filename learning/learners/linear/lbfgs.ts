/** Writes the gradient at `point` and returns the value there. */
export type Objective = (point: Float64Array, gradient: Float64Array) => number;

export interface Minimum {
  point: Float64Array;
  value: number;
  iterations: number;
  /** Largest absolute component of the gradient. */
  gradientNorm: number;
  /** True where gradientNorm <= tolerance was reached. */
  converged: boolean;
}

/** Pairs of steps that stand in for the Hessian. */
const MEMORY = 10;
const MAX_TRIALS = 40;
/** Sufficient decrease and curvature (Nocedal and Wright, "Numerical optimization", 2006, chapters 3 and 7). */
const DECREASE = 1e-4;
const CURVATURE = 0.9;
/** Values this close, relatively, cannot be told apart by their difference; see `decreases`. */
const NOISE = 1e-14;

/**
 * Minimises a smooth convex function by L-BFGS. Steps satisfy the weak Wolfe conditions, found by doubling and
 * halving (Lewis and Overton, "Nonsmooth optimization via quasi-Newton methods", 2013), which cannot cycle.
 */
export function minimise(
  objective: Objective,
  start: Float64Array,
  tolerance: number,
  maxIterations: number,
): Minimum {
  const size = start.length;
  let point = start.slice();
  let gradient = new Float64Array(size);
  let value = objective(point, gradient);
  let trial = new Float64Array(size);
  let trialGradient = new Float64Array(size);
  const memory: Pair[] = [];
  let iterations = 0;
  while (largest(gradient) > tolerance && iterations < maxIterations) {
    const direction = descent(gradient, memory);
    const slope = dot(gradient, direction);
    let step = 1;
    let low = 0;
    let high = Infinity;
    let trialValue = value;
    let found = false;
    for (let t = 0; t < MAX_TRIALS && !found; t++) {
      for (let i = 0; i < size; i++) trial[i] = point[i] + step * direction[i];
      trialValue = objective(trial, trialGradient);
      const trialSlope = dot(trialGradient, direction);
      if (!decreases(value, trialValue, step, slope, trialSlope)) high = step;
      else if (trialSlope < CURVATURE * slope) low = step;
      else found = true;
      if (!found) step = high === Infinity ? 2 * low : (low + high) / 2;
    }
    if (!found) break; // The function is flat to the last digit: no better point can be told.
    remember(memory, point, trial, gradient, trialGradient);
    [point, trial] = [trial, point];
    [gradient, trialGradient] = [trialGradient, gradient];
    value = trialValue;
    iterations++;
  }
  const gradientNorm = largest(gradient);
  return { point, value, iterations, gradientNorm, converged: gradientNorm <= tolerance };
}

interface Pair {
  step: Float64Array;
  change: Float64Array;
  /** 1 / (step . change) */
  rho: number;
}

/** Armijo's condition or, where rounding hides the decrease, its form in slopes (Hager and Zhang, 2005). */
function decreases(
  value: number,
  trialValue: number,
  step: number,
  slope: number,
  trialSlope: number,
): boolean {
  if (trialValue <= value + DECREASE * step * slope) return true;
  return trialValue <= value + NOISE * Math.abs(value) && trialSlope <= (2 * DECREASE - 1) * slope;
}

/** Minus the approximate inverse Hessian times the gradient, by the two-loop recursion. */
function descent(gradient: Float64Array, memory: readonly Pair[]): Float64Array {
  const direction = gradient.map((g) => -g);
  if (memory.length === 0) {
    const norm = Math.sqrt(dot(gradient, gradient));
    return norm > 1 ? direction.map((d) => d / norm) : direction;
  }
  const alphas = new Float64Array(memory.length);
  for (let k = memory.length - 1; k >= 0; k--) {
    const { step, change, rho } = memory[k];
    alphas[k] = rho * dot(step, direction);
    for (let i = 0; i < direction.length; i++) direction[i] -= alphas[k] * change[i];
  }
  const { change, rho } = memory[memory.length - 1];
  const scale = 1 / (rho * dot(change, change));
  for (let i = 0; i < direction.length; i++) direction[i] *= scale;
  memory.forEach((pair, k) => {
    const correction = alphas[k] - pair.rho * dot(pair.change, direction);
    for (let i = 0; i < direction.length; i++) direction[i] += correction * pair.step[i];
  });
  return direction;
}

function remember(
  memory: Pair[],
  from: Float64Array,
  to: Float64Array,
  gradient: Float64Array,
  next: Float64Array,
): void {
  const step = to.map((value, i) => value - from[i]);
  const change = next.map((value, i) => value - gradient[i]);
  const curvature = dot(step, change);
  if (!(curvature > 0)) return;
  memory.push({ step, change, rho: 1 / curvature });
  if (memory.length > MEMORY) memory.shift();
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

function largest(values: Float64Array): number {
  let most = 0;
  for (const value of values) most = Math.max(most, Math.abs(value));
  return most;
}
