import { describe, expect, it } from 'vitest';
import { judgeGate, type GateInput } from '../../decisions/gate.ts';

const gate: GateInput = { metric: 'rocAuc', better: 'higher', value: 0.66, atLeast: 0.6, tolerance: 0 };
const errorGate: GateInput = { metric: 'rmse', better: 'lower', value: 12, atMost: 15, tolerance: 0 };
const champion = (metric: number) => ({ version: 3, metric });

describe('the gate', () => {
  it('makes the first version through it champion', () => {
    expect(judgeGate(gate)).toEqual({
      accepted: true,
      promote: true,
      reason: 'Hold-out rocAuc 0.66 reaches the required 0.6; the first version becomes champion.',
    });
    expect(judgeGate({ ...gate, atLeast: undefined }).reason).toBe(
      'Hold-out rocAuc 0.66; the first version becomes champion.',
    );
  });

  it('accepts what is as good as the champion, or better, and leaves the champion in place', () => {
    for (const metric of [0.66, 0.65]) {
      const verdict = judgeGate({ ...gate, champion: champion(metric) });
      expect(verdict).toMatchObject({ accepted: true, promote: false });
      expect(verdict.reason).toContain('stays champion until a rollout replaces it');
    }
    expect(judgeGate({ ...errorGate, champion: champion(12.5) })).toMatchObject({
      accepted: true,
      promote: false,
    });
  });

  it('refuses what is worse than the champion', () => {
    expect(judgeGate({ ...gate, champion: champion(0.67) })).toEqual({
      accepted: false,
      promote: false,
      reason: 'Hold-out rocAuc 0.66 is worse than 0.67 of champion version 3.',
    });
    expect(judgeGate({ ...errorGate, champion: champion(11) })).toMatchObject({
      accepted: false,
      promote: false,
    });
  });

  it('forgives as much as the tolerance, and no more', () => {
    const tolerant = { ...errorGate, tolerance: 0.5 };
    expect(judgeGate({ ...tolerant, champion: champion(11.5) }).accepted).toBe(true);
    expect(judgeGate({ ...tolerant, champion: champion(11.5) }).reason).toContain(
      'within the tolerance of 0.5',
    );
    const refused = judgeGate({ ...tolerant, champion: champion(11.49) });
    expect(refused.accepted).toBe(false);
    expect(refused.reason).toBe(
      'Hold-out rmse 12 is worse than 11.49 of champion version 3, by more than the tolerance of 0.5.',
    );
  });

  it('compares a retrained model on the rows that the champion has not seen, and says which', () => {
    const recentFrom = '2026-08-01T00:00:00.000Z';
    const compared = (metric?: number) => ({ rows: 1234, recentFrom, metric });
    const better = judgeGate({ ...gate, champion: champion(0.7), compared: compared(0.71) });
    expect(better).toEqual({
      accepted: true,
      promote: false,
      reason:
        'Hold-out rocAuc 0.71 on the 1234 rows newer than 2026-08-01T00:00:00.000Z, which the champion has not seen, is better than 0.7 of champion version 3, which stays champion until a rollout replaces it.',
    });
    const worse = judgeGate({ ...gate, value: 0.9, champion: champion(0.6), compared: compared(0.59) });
    expect(worse).toEqual({
      accepted: false,
      promote: false,
      reason:
        'Hold-out rocAuc 0.59 on the 1234 rows newer than 2026-08-01T00:00:00.000Z, which the champion has not seen, is worse than 0.6 of champion version 3.',
    });
    expect(judgeGate({ ...gate, champion: champion(0.6), compared: compared() }).accepted).toBe(false);
    // The floor is one of the whole hold-out.
    expect(
      judgeGate({ ...gate, value: 0.59, champion: champion(0.5), compared: compared(0.9) }).reason,
    ).toContain('below the required 0.6');
    const all = judgeGate({ ...gate, champion: champion(0.7), compared: { rows: 90 } });
    expect(all.reason).toContain('0.66 on all 90 rows (too few have a time) is worse');
    const newest = { ...compared(0.75), newest: true } as const;
    expect(judgeGate({ ...gate, champion: champion(0.7), compared: newest }).reason).toContain(
      '0.75 on the 1234 newest rows, from 2026-08-01T00:00:00.000Z on, is better than 0.7',
    );
  });

  it('refuses what misses its floor or ceiling, also where it beats the champion', () => {
    expect(judgeGate({ ...gate, value: 0.59, champion: champion(0.5) })).toEqual({
      accepted: false,
      promote: false,
      reason: 'Hold-out rocAuc 0.59 is below the required 0.6.',
    });
    expect(judgeGate({ ...errorGate, value: 15.1, champion: champion(20) }).reason).toBe(
      'Hold-out rmse 15.1 is above the allowed 15.',
    );
    expect(judgeGate({ ...gate, value: 0.6 }).accepted).toBe(true);
    expect(judgeGate({ ...errorGate, value: 15 }).accepted).toBe(true);
  });

  it('shows as many digits as it takes to see why', () => {
    expect(judgeGate({ ...gate, value: 0.5999999 }).reason).toBe(
      'Hold-out rocAuc 0.5999999 is below the required 0.6.',
    );
    expect(judgeGate({ ...gate, champion: champion(0.66 + 2 ** -53) }).reason).toMatch(
      /0\.66 is worse than 0\.6600000000000001 /,
    );
  });

  it.each([undefined, NaN, Infinity, -Infinity])('refuses a metric that is %s', (value) => {
    const verdict = judgeGate({ ...gate, value, atLeast: undefined });
    expect(verdict).toMatchObject({ accepted: false, promote: false });
    expect(verdict.reason).toContain('rocAuc is undefined');
  });

  it('leaves it to a person where the champion cannot answer', () => {
    expect(
      judgeGate({ ...gate, champion: { version: 3, incomparable: 'column `wind` is missing.' } }),
    ).toEqual({
      accepted: false,
      promote: false,
      needsPerson: true,
      reason:
        'Hold-out rocAuc 0.66 cannot be compared with champion version 3 (column `wind` is missing), so a person decides.',
    });
    expect(judgeGate({ ...gate, champion: champion(NaN) })).toMatchObject({
      accepted: false,
      needsPerson: true,
    });
  });

  it('asks no person about what misses its floor anyway', () => {
    const verdict = judgeGate({ ...gate, value: 0.1, champion: { version: 3, incomparable: 'x' } });
    expect(verdict.needsPerson).toBeUndefined();
    expect(verdict.accepted).toBe(false);
  });
});
