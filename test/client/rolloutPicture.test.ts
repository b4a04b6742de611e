import { stripVTControlCharacters } from 'node:util';
import pc from 'picocolors';
import { describe, expect, test } from 'vitest';
import { bar, clock, wrap } from '../../client/terminal/parts.ts';
import { rolloutFrame } from '../../client/terminal/rolloutFrame.ts';
import { rolloutLines } from '../../client/terminal/rolloutLines.ts';
import { exitCode, verdictText } from '../../client/terminal/rolloutText.ts';
import type { CanaryCounts } from '../../decisions/canary/counts.ts';
import { judgeCanary } from '../../decisions/canary/judge.ts';
import { canarySchema } from '../../decisions/canary/policy.ts';
import type { RolloutProgress } from '../../workflows/rolloutMessages.ts';

/** How a rollout is drawn on a terminal, told to a log, and summed up. */

const plain = pc.createColors(false);
const policy = canarySchema.parse({
  steps: [10, 50],
  minDurationMs: 20_000,
  guards: { accuracy: { loss: 'brier' } },
});

const counts: CanaryCounts = {
  at: '2026-01-31T12:00:00.000Z',
  stageMs: 14_000,
  elapsedMs: 14_000,
  stages: [
    {
      stage: 0,
      weight: 0.1,
      champion: {
        requests: 9_200,
        keys: 9_000,
        errorKeys: 0,
        slowKeys: 12,
        dueKeys: 8_000,
        labelledKeys: 7_900,
      },
      challenger: {
        requests: 1_010,
        keys: 1_000,
        errorKeys: 2,
        slowKeys: 1,
        dueKeys: 900,
        labelledKeys: 890,
      },
    },
  ],
  pairs: { pairs: 8_790, mean: 0.001, variance: 0.01, championLoss: 0.2, challengerLoss: 0.201 },
  slowAboveUs: 12_000,
  dropped: 0,
  custom: [],
};

function at(more: Partial<RolloutProgress> = {}): RolloutProgress {
  return {
    name: 'flights',
    number: 3,
    championVersion: 1,
    challengerVersion: 2,
    steps: policy.steps,
    phase: 'serving',
    stage: 0,
    stages: [{ stage: 0, weight: 0.1, startedAt: '2026-01-31T11:59:46.000Z' }],
    looks: 7,
    last: { counts, verdict: judgeCanary(counts, policy) },
    revision: 3,
    loggedInputs: false,
    orders: 0,
    notes: {},
    startedAt: '2026-01-31T11:59:46.000Z',
    ...more,
  };
}

const view = { columns: 100, tick: 0, colors: plain, policy, stageMs: 14_000, elapsedMs: 75_000 };

describe('the picture', () => {
  test('has the phase, a bar of the time, both arms, every guard with its sentence, and the verdict', () => {
    const frame = rolloutFrame(at(), view);
    expect(frame.slice(0, 6)).toEqual([
      `  flights@2 beside the champion @1${' '.repeat(99 - 34 - 11)} flights/3`,
      `  ⠋ serving       step 1 of 2, 10 % of the keys${' '.repeat(99 - 47 - 8)}1:15 min`,
      '    time         ██████████████░░░░░░ 14 s of at least 20 s',
      '                   keys  requests  with errors  slow  labelled',
      '    champion      9,000     9,200            0    12     7,900',
      '    challenger    1,000     1,010            2     1       890',
    ]);
    const text = frame.join('\n').replace(/\s+/g, ' ');
    for (const { sentence } of at().last?.verdict.guards ?? []) expect(text).toContain(sentence);
    expect(frame.at(-1)).toBe('    look 7       continue');
  });

  test.each([
    ['preparing', {}, 'gateways load the challenger'],
    ['paused', {}, 'paused in step 1 of 2'],
    ['awaiting-approval', {}, 'a person has to approve'],
    ['probation', {}, 'the old champion stays loaded'],
    ['serving', { held: 'the shares do not match' }, 'a person has to look: the shares do not match'],
    ['ended', { outcome: 'rolled-back', reason: 'too many errors' }, '✘ rolled-back   too many errors'],
  ] as const)('says what %s means', (phase, more, said) => {
    expect(rolloutFrame(at({ phase, ...more }), view).join('\n')).toContain(said);
  });

  test.each([30, 60, 100, 200])('is nowhere wider than a terminal of %i columns', (columns) => {
    for (const progress of [
      at(),
      at({ last: undefined, phase: 'preparing', stages: [] }),
      at({ notes: { gateways: 'No gateway was alive when it began, which is a long note of its own.' } }),
      at({ outcome: 'promoted', phase: 'ended', reason: 'Every guard passes. '.repeat(9) }),
    ]) {
      for (const line of rolloutFrame(progress, { ...view, columns }))
        expect([...line].length).toBeLessThanOrEqual(columns);
    }
  });

  test('has the same text in colours', () => {
    const colored = rolloutFrame(at(), { ...view, colors: pc.createColors(true) });
    expect(colored.map((line) => stripVTControlCharacters(line).trimEnd())).toEqual(
      rolloutFrame(at(), view).map((line) => line.trimEnd()),
    );
  });
});

describe('a log', () => {
  test('gets a line for each change and none where nothing changed', () => {
    const first = rolloutLines(undefined, at());
    expect(first[0]).toBe('serving: step 1 of 2, 10 % of the keys');
    expect(first.filter((line) => line.startsWith('look 7: '))).toHaveLength(4);
    expect(rolloutLines(at(), at({ looks: 8 }))).toEqual([]);
  });

  test('is told of notes and of the end', () => {
    expect(rolloutLines(at(), at({ notes: { labels: 'no classes' } }))).toEqual(['note: no classes']);
    expect(rolloutLines(at(), at({ phase: 'ended', outcome: 'aborted', reason: 'by hand' }))).toEqual([
      'ended: aborted: by hand',
    ]);
  });
});

describe('the end', () => {
  test.each([
    [{ outcome: 'promoted', phase: 'ended' }, 0, 'flights@2 is the champion'],
    [{ phase: 'probation' }, 0, 'its probation goes on'],
    [{ outcome: 'rolled-back', phase: 'ended' }, 3, 'flights@1 stays the champion'],
    [{ outcome: 'inconclusive', phase: 'ended' }, 3, 'inconclusive'],
    [{ outcome: 'aborted', phase: 'ended' }, 3, 'aborted'],
  ] as const)('%j has the exit code %i', (more, code, said) => {
    expect(exitCode(at(more))).toBe(code);
    expect(verdictText(at(more), plain)).toContain(said);
  });
});

describe('its parts', () => {
  test('a bar ends at its ends', () => {
    expect([bar(-1, 4), bar(0.5, 4), bar(7, 4)]).toEqual(['░░░░', '██░░', '████']);
  });

  test('a clock changes its unit', () => {
    expect([400, 42_000, 185_000, 7_800_000].map(clock)).toEqual(['0.4 s', '42 s', '3:05 min', '2:10 h']);
  });

  test('a long text is wrapped at spaces, and cut at the end of the last line alone', () => {
    expect(wrap('one two three four', 9, 3)).toEqual(['one two', 'three', 'four']);
    expect(wrap('one two three four', 9, 2)).toEqual(['one two', 'three fo…']);
    expect(wrap('onetwothree', 4, 9)).toEqual(['onet', 'woth', 'ree']);
    expect(wrap('', 9, 3)).toEqual(['']);
  });
});
