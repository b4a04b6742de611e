import { describe, expect, test } from 'vitest';
import type { CanaryCounts } from '../../decisions/canary/counts.ts';
import { judgeCanary, judgeProbation } from '../../decisions/canary/judge.ts';
import { pairedHalfWidth } from '../../decisions/canary/pairedBound.ts';
import type { CanaryPolicy } from '../../decisions/canary/policy.ts';
import { arm, countsOf, errorsOnly, guard, pairsOf, policyOf, stageOf } from './canary/counts.ts';

/** What holds of every verdict: finite numbers, replay, and the direction in which each count moves the evidence. */

describe('whatever is counted', () => {
  const sizes = [0, 1, 10, 1e7];
  const arms = sizes.flatMap((keys) =>
    [0, 0.5, 1, 2].map((share) =>
      arm(keys, {
        errorKeys: Math.floor(keys * share),
        slowKeys: Math.floor(keys * share),
        dueKeys: keys,
        labelledKeys: Math.floor(keys * Math.min(1, share)),
      }),
    ),
  );
  const all = arms.flatMap((champion) =>
    arms.flatMap((challenger) =>
      [0.001, 0.5, 1].map((weight) =>
        countsOf([stageOf(champion, challenger, weight)], {
          dropped: champion.keys,
          pairs: pairsOf(challenger.keys, challenger.keys > 0 ? 0.01 : 0, 0.1),
        }),
      ),
    ),
  );
  const policy = policyOf({ guards: { accuracy: {} } });

  test('evidence is finite and sentences hold no NaN', () => {
    const verdicts = all.flatMap((counts) => [judgeCanary(counts, policy), judgeProbation(counts, policy)]);
    const guards = verdicts.flatMap((verdict) => verdict.guards);
    expect(guards.flatMap((g) => Object.values(g.evidence)).filter((n) => !Number.isFinite(n))).toEqual([]);
    const words = verdicts.map(({ reason }) => reason).concat(guards.map(({ sentence }) => sentence));
    expect(words.filter((text) => /NaN|Infinity|undefined/.test(text) || text === '')).toEqual([]);
  });

  test('the same counts give the same verdict, also read back from JSON, and are left as they were', () => {
    for (const counts of all) {
      const before = JSON.stringify(counts);
      const verdict = judgeCanary(counts, policy);
      expect(JSON.stringify(counts)).toBe(before);
      const replayed = judgeCanary(
        JSON.parse(before) as CanaryCounts,
        JSON.parse(JSON.stringify(policy)) as CanaryPolicy,
      );
      expect(replayed).toEqual(verdict);
      expect(JSON.parse(JSON.stringify(verdict))).toEqual(verdict);
    }
  });
});

describe('more of one thing moves the evidence one way', () => {
  const at = (championBad: number, challengerBad: number) =>
    guard(
      judgeCanary(
        countsOf([stageOf(arm(9000, { errorKeys: championBad }), arm(1000, { errorKeys: challengerBad }))]),
        errorsOnly,
      ),
      'errors',
    ).evidence;
  const numbers = Array.from({ length: 60 }, (_, i) => i);
  const steps = (values: number[]) => values.slice(1).map((value, i) => Math.sign(value - values[i]));

  test('errors of the challenger speak against it', () => {
    const evidence = numbers.map((bad) => at(40, bad));
    expect(new Set(steps(evidence.map((e) => e.lnEMargin)))).toEqual(new Set([-1]));
    expect(new Set(steps(evidence.map((e) => e.lnERatio)))).toEqual(new Set([-1]));
    // Below its fair share every error still speaks for the champion's being no better; above it, against.
    expect(new Set(steps(evidence.slice(6).map((e) => e.lnEBad)))).toEqual(new Set([1]));
  });

  test('errors of the champion speak for the challenger', () => {
    const evidence = numbers.map((bad) => at(bad, 4));
    expect(new Set(steps(evidence.map((e) => e.lnEBad)))).toEqual(new Set([-1]));
    expect(new Set(steps(evidence.map((e) => e.lnERatio)))).toEqual(new Set([1]));
    expect(new Set(steps(evidence.map((e) => e.lnEMargin)))).toEqual(new Set([1]));
  });

  test('pairs narrow the interval', () => {
    const widths = numbers.map((i) => pairedHalfWidth(1, 200 * 1.1 ** i, 0.01));
    expect(new Set(steps(widths))).toEqual(new Set([-1]));
  });
});
