import { describe, expect, test } from 'vitest';
import { judgeCanary, judgeProbation, maxDurationMs } from '../../decisions/canary/judge.ts';
import type { CanaryCounts, StageCounts } from '../../decisions/canary/counts.ts';
import { logWorse } from '../../decisions/canary/betaBinomial.ts';
import { pairedHalfWidth } from '../../decisions/canary/pairedBound.ts';
import type { CanaryInput } from '../../decisions/canary/policy.ts';
import {
  HOUR_MS,
  accuracyOnly,
  arm,
  clean,
  countsOf,
  errorsOnly,
  guard,
  pairsOf,
  policyOf,
  stageOf,
} from './canary/counts.ts';

/** What a look comes to, look by look: the contract of the verdict. */

const DAY_MS = 24 * HOUR_MS;

describe('the examples of the derivation', () => {
  test('six errors of the challenger against none of the champion are evidence of 516, and a rollback', () => {
    expect(Math.exp(logWorse(6, 6, 0.1))).toBeCloseTo(515.56, 2);
    const verdict = judgeCanary(countsOf([stageOf(arm(450), arm(50, { errorKeys: 6 }))]), policyOf());
    expect(verdict.action).toBe('rollback');
    expect(guard(verdict, 'errors')).toMatchObject({
      state: 'fail',
      evidence: { bad: 6, badOfChallenger: 6, failAt: 200 },
      sentence:
        "6 of the challenger's 50 keys met an error (12 %), 0 of the champion's 450 (0 %): the challenger is worse (evidence 516, needed 200).",
    });
  });

  test('an equal challenger that disagrees on 10 % of the rows needs 7,800 pairs, on 20 % 16,200', () => {
    const needed = (disagree: number) => {
      let pairs = 200;
      while (pairedHalfWidth(Math.sqrt(disagree), pairs, 0.05) >= 0.01) pairs += 10;
      return pairs;
    };
    expect(needed(0.1)).toBe(7770);
    expect(needed(0.2)).toBe(16_190);
    const at = (pairs: number, disagree: number) =>
      judgeCanary(countsOf([clean], { pairs: pairsOf(pairs, 0, disagree) }), accuracyOnly).action;
    expect([at(7600, 0.1), at(7800, 0.1), at(16_000, 0.2), at(16_200, 0.2)]).toEqual([
      'continue',
      'promote',
      'continue',
      'promote',
    ]);
  });

  // At the mean; the median of sample paths, which cross earlier, is some 1,700, and 1,650 without the two cautious pairs.
  test('2 points worse on 5 % of differing rows is seen by 2,000 pairs', () => {
    const all = policyOf({ guards: { accuracy: {} } });
    const at = (pairs: number) =>
      judgeCanary(countsOf([clean], { pairs: pairsOf(pairs, 0.02, 0.05) }), all).action;
    expect([at(1500), at(2000)]).toEqual(['continue', 'rollback']);
  });
});

describe('traffic', () => {
  test('of none is no verdict: never a pass, never a failure', () => {
    for (const stages of [[], [stageOf(arm(0), arm(0))], [stageOf(arm(20), arm(0))]]) {
      const verdict = judgeCanary(countsOf(stages), policyOf());
      expect(verdict.action).toBe('continue');
      expect(verdict.guards.map(({ state }) => state)).toEqual(['insufficient', 'insufficient']);
    }
  });

  test('without any bad event is evidence: 1,000 clean keys of the challenger pass', () => {
    const at = (keys: number) =>
      judgeCanary(countsOf([stageOf(arm(9 * keys), arm(keys))]), errorsOnly).action;
    expect([at(100), at(900), at(1000)]).toEqual(['continue', 'continue', 'promote']);
  });

  test('without a known p99 says nothing of latency', () => {
    const verdict = judgeCanary(countsOf([clean], { slowAboveUs: undefined }), policyOf());
    expect(verdict.action).toBe('continue');
    expect(guard(verdict, 'latency').state).toBe('insufficient');
    expect(guard(verdict, 'errors').state).toBe('pass');
  });

  test('of a stage that has served nobody yet does not promote on the evidence of the one before', () => {
    const verdict = judgeCanary(countsOf([clean, stageOf(arm(0), arm(0), 0.5, 1)]), errorsOnly);
    expect(verdict.action).toBe('continue');
  });

  test('of a stage whose keys were all counted before is traffic', () => {
    const known = arm(0, { requests: 5000 });
    expect(judgeCanary(countsOf([clean, stageOf(known, known, 0.5, 1)]), errorsOnly).action).toBe('promote');
    // Keys that were good before may fail for the first time here.
    const failing = arm(0, { requests: 5000, errorKeys: 20 });
    expect(judgeCanary(countsOf([clean, stageOf(known, failing, 0.5, 1)]), errorsOnly).action).toBe(
      'rollback',
    );
  });

  test('of earlier stages counts', () => {
    const small = stageOf(arm(4500), arm(500));
    const next = (keys: number) => stageOf(arm(keys), arm(keys), 0.5, 1);
    const at = (stages: StageCounts[]) => judgeCanary(countsOf(stages), errorsOnly).action;
    expect([at([next(700)]), at([small]), at([small, next(700)])]).toEqual([
      'continue',
      'continue',
      'promote',
    ]);
  });
});

describe('time', () => {
  test('a stage lasts at least as long as declared', () => {
    const verdict = judgeCanary(countsOf([clean], { stageMs: 300_000 }), errorsOnly);
    expect(verdict).toMatchObject({
      action: 'continue',
      reason: 'Every guard passes; the stage lasts at least 15 min, 10 min more.',
    });
  });

  test('but a failure needs none', () => {
    const bad = stageOf(arm(900), arm(100, { errorKeys: 20 }));
    expect(judgeCanary(countsOf([bad], { stageMs: 0, elapsedMs: 0 }), errorsOnly).action).toBe('rollback');
  });

  test('running out is inconclusive, unless that very look decides', () => {
    const over = { elapsedMs: DAY_MS };
    const open = stageOf(arm(900), arm(100));
    const bad = stageOf(arm(900), arm(100, { errorKeys: 20 }));
    const at = (stage: StageCounts) => judgeCanary(countsOf([stage], over), errorsOnly);
    expect(at(open)).toMatchObject({
      action: 'inconclusive',
      reason: expect.stringContaining('24 h are over') as string,
    });
    expect([at(bad).action, at(clean).action]).toEqual(['rollback', 'promote']);
    expect(judgeCanary(countsOf([open], { elapsedMs: DAY_MS - 1 }), errorsOnly).action).toBe('continue');
  });

  test('is by default the label horizon and 24 hours', () => {
    expect(maxDurationMs(policyOf())).toBe(DAY_MS);
    expect(maxDurationMs(policyOf({ guards: { accuracy: { labelHorizonMs: HOUR_MS } } }))).toBe(
      DAY_MS + HOUR_MS,
    );
    expect(maxDurationMs(policyOf({ minDurationMs: 0, maxDurationMs: 5000 }))).toBe(5000);
  });
});

describe('guards', () => {
  test('all have to pass', () => {
    const slow = stageOf(arm(9000, { slowKeys: 90 }), arm(1000, { slowKeys: 12 }));
    const verdict = judgeCanary(countsOf([slow]), policyOf());
    expect(verdict.action).toBe('continue');
    expect(verdict.guards.map(({ guard, state }) => [guard, state])).toEqual([
      ['errors', 'pass'],
      ['latency', 'undecided'],
    ]);
    expect(verdict.reason).toMatch(
      /^latency: 12 of the challenger's 1,000 keys met an answer slower than 5 ms/,
    );
  });

  test('share the declared probability of a false rollback', () => {
    const five = countsOf([stageOf(arm(450), arm(50, { errorKeys: 5, slowKeys: 0 }))], {
      pairs: pairsOf(300, 0, 0.1),
    });
    const failAt = (input: CanaryInput) =>
      guard(judgeCanary(five, policyOf(input)), 'errors').evidence.failAt;
    expect(failAt({ guards: { latency: false } })).toBeCloseTo(100, 9);
    expect(failAt({})).toBeCloseTo(200, 9);
    expect(failAt({ guards: { accuracy: {} } })).toBeCloseTo(300, 9);
    // The user's own answer for themselves.
    expect(failAt({ guards: { custom: [{ name: 'own', activity: 'a', taskQueue: 'q' }] } })).toBeCloseTo(
      200,
      9,
    );
  });

  test('that are switched off say nothing', () => {
    const bad = stageOf(arm(90_000), arm(10_000, { errorKeys: 5000, slowKeys: 5000 }));
    const verdict = judgeCanary(countsOf([bad]), policyOf({ guards: { errors: false, latency: false } }));
    expect(verdict).toMatchObject({ action: 'promote', guards: [] });
  });

  test('of accuracy wait for the declared number of pairs', () => {
    const verdict = judgeCanary(countsOf([clean], { pairs: pairsOf(199, 0.9, 0.95) }), accuracyOnly);
    expect(verdict.action).toBe('continue');
    expect(guard(verdict, 'accuracy')).toMatchObject({
      state: 'insufficient',
      sentence: '199 labelled keys of at least 200: that is too little to say anything.',
    });
    expect(judgeCanary(countsOf([clean]), accuracyOnly).guards[0].state).toBe('insufficient');
  });

  test('of accuracy do not take 200 pairs without a difference for certainty', () => {
    const at = (pairs: number) =>
      judgeCanary(countsOf([clean], { pairs: pairsOf(pairs, 0, 0) }), accuracyOnly).action;
    expect([at(200), at(1000)]).toEqual(['continue', 'promote']);
  });

  test('of the user are taken at their word', () => {
    const own = policyOf({
      guards: { errors: false, latency: false, custom: [{ name: 'revenue', activity: 'a', taskQueue: 'q' }] },
    });
    const at = (state: 'pass' | 'fail' | 'undecided') =>
      judgeCanary(
        countsOf([clean], { custom: [{ guard: 'revenue', state, reason: 'Baskets are 3 % smaller.' }] }),
        own,
      );
    expect([at('pass').action, at('undecided').action]).toEqual(['promote', 'continue']);
    expect(at('fail')).toMatchObject({ action: 'rollback', reason: 'revenue: Baskets are 3 % smaller.' });
    expect(judgeCanary(countsOf([clean]), own).guards[0].state).toBe('undecided');
  });
});

describe('an experiment in doubt', () => {
  test('is held where the challenger has more or fewer keys than its weight gives', () => {
    for (const keys of [13_000, 7000]) {
      const verdict = judgeCanary(countsOf([stageOf(arm(100_000 - keys), arm(keys))]), errorsOnly);
      expect(verdict.action).toBe('hold');
      expect(verdict.reason).toContain('where its weight is 10 %');
    }
  });

  test('is held where labels come for one arm more than for the other, if accuracy is judged', () => {
    const labelled = (champion: number, challenger: number) =>
      countsOf(
        [
          stageOf(
            arm(90_000, { dueKeys: 90_000, labelledKeys: champion }),
            arm(10_000, { dueKeys: 10_000, labelledKeys: challenger }),
          ),
        ],
        { pairs: pairsOf(20_000, 0, 0.05) },
      );
    expect(judgeCanary(labelled(45_000, 5000), accuracyOnly).action).toBe('promote');
    expect(judgeCanary(labelled(45_000, 4000), accuracyOnly).action).toBe('hold');
    // Nearly all are there, so that it shows in those that are missing.
    expect(judgeCanary(labelled(89_000, 9700), accuracyOnly).action).toBe('hold');
    expect(judgeCanary(labelled(45_000, 4000), errorsOnly).action).toBe('promote');
  });

  test('is held where more than one log record in a thousand is lost', () => {
    expect(judgeCanary(countsOf([clean], { dropped: 100 }), errorsOnly).action).toBe('promote');
    expect(judgeCanary(countsOf([clean], { dropped: 110 }), errorsOnly)).toMatchObject({
      action: 'hold',
      reason: expect.stringMatching(/^110 of 100,110 predictions were not logged/) as string,
    });
  });

  test('is rolled back all the same where a guard fails, and says both', () => {
    const bad = stageOf(arm(9000), arm(1000, { errorKeys: 100 }));
    const verdict = judgeCanary(countsOf([bad], { dropped: 1000 }), errorsOnly);
    expect(verdict.action).toBe('rollback');
    expect(verdict.reason).toMatch(/the challenger is worse.*were not logged/);
  });

  test('ends when the time is over', () => {
    const verdict = judgeCanary(countsOf([clean], { dropped: 1000, elapsedMs: DAY_MS }), errorsOnly);
    expect(verdict.action).toBe('inconclusive');
  });
});

describe('the probation', () => {
  const after = (more: Partial<CanaryCounts>) =>
    countsOf([clean, stageOf(arm(0), arm(50_000, { errorKeys: 50_000, slowKeys: 50_000 }), 1, 1)], more);
  const late = policyOf({ guards: { accuracy: {} }, probationMs: DAY_MS });

  test('goes on, and ends in the final yes', () => {
    const pairs = pairsOf(5000, 0.001, 0.1);
    expect(judgeProbation(after({ pairs, stageMs: DAY_MS - 1 }), late).action).toBe('continue');
    expect(judgeProbation(after({ pairs, stageMs: DAY_MS }), late).action).toBe('promote');
    expect(judgeProbation(after({}), policyOf({ probationMs: 0 })).action).toBe('promote');
  });

  test('rolls back on late labels and on a word of the user, though the time is over', () => {
    const pairs = pairsOf(5000, 0.03, 0.1);
    expect(judgeProbation(after({ pairs, stageMs: DAY_MS }), late).action).toBe('rollback');
    const custom = [{ guard: 'own', state: 'fail' as const, reason: 'No.' }];
    const own = policyOf({ guards: { custom: [{ name: 'own', activity: 'a', taskQueue: 'q' }] } });
    expect(judgeProbation(after({ custom, stageMs: DAY_MS }), own).action).toBe('rollback');
  });

  test('compares errors with nobody, now that there is no champion beside it', () => {
    expect(judgeProbation(after({ pairs: pairsOf(5000, 0, 0.1) }), late).guards.map((g) => g.guard)).toEqual([
      'accuracy',
    ]);
    expect(judgeCanary(after({}), errorsOnly).guards[0]).toMatchObject({ state: 'pass' });
  });
});
