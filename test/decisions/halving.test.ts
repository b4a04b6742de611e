import { describe, expect, test } from 'vitest';
import { Random } from '../../learning/rng.ts';
import {
  nextStep,
  rungShares,
  type HalvingPlan,
  type HalvingState,
  type Trial,
} from '../../decisions/search/halving.ts';

/** Which trials successive halving begins: a function of the results read, whoever ends first. */

const plan = (more: Partial<HalvingPlan> = {}): HalvingPlan => ({
  ...{ candidates: 27, shares: rungShares(27, 1, 3), reduction: 3, window: 4, better: 'higher' as const },
  ...more,
});

/** Runs all of it; `score` undefined: the trial has none. */
function run(
  plan: HalvingPlan,
  score: (trial: Trial) => number | undefined,
  endAfter = Infinity,
): HalvingState {
  const state: HalvingState = { begun: [], results: [] };
  for (let steps = 0; ; steps++) {
    if (steps > 10_000) throw new Error('no end');
    const step = nextStep(plan, state, state.results.length >= endAfter);
    if (step === 'end') return state;
    if (step === 'read') {
      const trial = state.begun[state.results.length];
      state.results.push({ ...trial, mean: score(trial) });
    } else state.begun.push(step.begin);
    expect(state.begun.length - state.results.length).toBeLessThanOrEqual(plan.window);
  }
}

const random = new Random(3);
const quality = Array.from({ length: 400 }, () => random.unit());
const exact = ({ candidate }: Trial): number => quality[candidate];
const onRung = (state: HalvingState, rung: number): number[] =>
  state.begun.filter((trial) => trial.rung === rung).map(({ candidate }) => candidate);

describe('rungs', () => {
  test.each([
    [27, 1, 3, [1 / 27, 1 / 9, 1 / 3, 1]],
    [1000, 500, 2, [1 / 2, 1]],
    [1000, 501, 2, [1]],
    [100, 500, 3, [1]],
    [8000, 500, 4, [1 / 16, 1 / 4, 1]],
  ])('of %d with at least %d, by %d', (total, minimum, reduction, shares) => {
    expect(rungShares(total, minimum, reduction)).toEqual(shares);
  });
});

describe('trials', () => {
  test('begin for every candidate once on the first rung, and for few on the last, the best of all among them', () => {
    const state = run(plan(), exact);
    expect(onRung(state, 0)).toEqual(Array.from({ length: 27 }, (_, i) => i));
    const best = quality.slice(0, 27).indexOf(Math.max(...quality.slice(0, 27)));
    expect(onRung(state, 3)).toContain(best);
    expect(onRung(state, 3).length).toBeLessThanOrEqual(3);
    // A third of a rung goes on, and those that seemed to be among it while it was small.
    expect(onRung(state, 1).length).toBeGreaterThanOrEqual(9);
    expect(onRung(state, 1).length).toBeLessThan(18);
    for (const { candidate, rung } of state.begun)
      if (rung > 0) expect(onRung(state, rung - 1)).toContain(candidate);
    expect(new Set(state.begun.map(({ candidate, rung }) => `${candidate} ${rung}`)).size).toBe(
      state.begun.length,
    );
  });

  test('do not wait until a rung is full', () => {
    const { begun } = run(plan(), exact);
    const promoted = begun.findIndex(({ rung }) => rung === 1);
    const lastNew = begun.findLastIndex(({ rung }) => rung === 0);
    expect(promoted).toBeLessThan(lastNew);
  });

  test('cost far less than the whole resource for each', () => {
    const { shares } = plan();
    const cost = run(plan(), exact).begun.reduce((sum, { rung }) => sum + shares[rung], 0);
    expect(cost).toBeLessThan(27 / 2.5);
  });

  test('are those of the lowest errors where less is better', () => {
    const state = run(plan({ better: 'lower' }), exact);
    const best = quality.slice(0, 27).indexOf(Math.min(...quality.slice(0, 27)));
    expect(onRung(state, 3)).toContain(best);
  });

  test('of equal candidates are those that stand first in the search', () => {
    const state = run(plan({ window: 1 }), () => 0.5);
    expect(onRung(state, 3)).toEqual([0]);
    expect(onRung(state, 1)[0]).toBe(0);
  });

  test.each([1, 2, 3, 5])(
    'give %d candidate(s) one with the whole resource, on however few',
    (candidates) => {
      const state = run(plan({ candidates }), exact);
      const full = onRung(state, 3);
      expect(full.length).toBeGreaterThanOrEqual(1);
      const best = quality.slice(0, candidates).indexOf(Math.max(...quality.slice(0, candidates)));
      expect(full).toContain(best);
    },
  );

  test('of a candidate without a score are over, and the next best one has the whole resource', () => {
    const best = quality.slice(0, 5).indexOf(Math.max(...quality.slice(0, 5)));
    const state = run(plan({ candidates: 5 }), (trial) =>
      trial.candidate === best && trial.rung > 0 ? undefined : exact(trial),
    );
    expect(state.begun.filter(({ candidate }) => candidate === best)).toHaveLength(2);
    const [winner] = onRung(state, 3).filter((candidate) => candidate !== best);
    expect(winner).toBeDefined();
    const order = quality
      .slice(0, 5)
      .map((_, i) => i)
      .sort((a, b) => quality[b] - quality[a]);
    expect(winner).toBe(order[1]);
  });

  test('end where none has a score', () => {
    expect(run(plan({ candidates: 6 }), () => undefined).begun).toHaveLength(6);
  });

  test('on one rung are a plain search', () => {
    const state = run(plan({ shares: [1] }), exact);
    expect(state.begun).toEqual(Array.from({ length: 27 }, (_, candidate) => ({ candidate, rung: 0 })));
  });

  test('begin no more when the time is over, but for one candidate with the whole resource', () => {
    const state = run(plan(), exact, 5);
    const last = state.begun.at(-1);
    expect(last).toMatchObject({ rung: 3 });
    expect(state.begun).toHaveLength(5 + plan().window + 1 - 1);
    expect(state.results.slice(0, -1).map(exact)).toContain(Math.max(...state.begun.map(exact)));
  });
});
