import { describe, expect, test } from 'vitest';
import { decideTraining, type Situation } from '../../decisions/lifecycle/decide.ts';
import { approvalsSchema, retrainSchema } from '../../decisions/lifecycle/policy.ts';

/** What a trigger leads to. */
const HOUR = 3_600_000;
const hoursAgo = (hours: number): string => new Date(Date.parse(NOW) - hours * HOUR).toISOString();
const NOW = '2026-03-10T12:00:00.000Z';

function situation(more: Partial<Situation> = {}): Situation {
  return {
    now: NOW,
    kind: 'drift',
    retrain: retrainSchema.parse({}),
    approved: false,
    rejectedInARow: 0,
    retrainedAt: [],
    ...more,
  };
}
const decide = (more: Partial<Situation>) => decideTraining(situation(more));

test('a drift with nothing against it is trained for', () => {
  expect(decide({})).toMatchObject({ do: 'train' });
});

describe('what a person orders', () => {
  test.each(['person', 'definition'] as const)(
    '%s keeps to no cooldown, budget, pause or approval',
    (kind) => {
      const against = { paused: 'ann: holidays', rejectedInARow: 9, retrainedAt: [hoursAgo(0), hoursAgo(0)] };
      expect(decide({ kind, ...against })).toMatchObject({ do: 'train' });
      expect(decide({ kind, retrain: undefined })).toMatchObject({ do: 'train' });
    },
  );

  test('waits for what is under way, whoever is asked what', () => {
    expect(decide({ kind: 'person', busy: 'rollout 3', asked: 'flights/7' })).toEqual({
      do: 'wait',
      because: 'rollout 3 is under way.',
    });
  });
});

test.each(['person', 'definition', 'drift', 'schedule', 'data', 'event'] as const)(
  'while a person is asked, %s waits for the answer',
  (kind) => {
    const retrain = retrainSchema.parse({ schedule: { everyMs: HOUR }, onNewData: {} });
    expect(decide({ kind, retrain, asked: 'flights/7' })).toEqual({
      do: 'wait',
      because: 'A person is asked first: flights/7.',
    });
  },
);

describe('what comes by itself', () => {
  test('is refused where the definition does not ask for it', () => {
    const refused = (more: Partial<Situation>) => expect(decide(more).do).toBe('refuse');
    refused({ retrain: undefined });
    refused({ retrain: retrainSchema.parse({ onDrift: 'never' }) });
    refused({ kind: 'schedule' });
    refused({ kind: 'data' });
    refused({ kind: 'event', retrain: retrainSchema.parse({ onEvent: false }) });
  });

  test('waits while it is paused, and while something is under way', () => {
    expect(decide({ paused: 'ann: holidays' })).toMatchObject({
      do: 'wait',
      because: 'It is paused: ann: holidays',
    });
    expect(decide({ busy: 'training 4' })).toMatchObject({ do: 'wait', because: 'training 4 is under way.' });
  });

  test('waits for the cooldown, to the millisecond', () => {
    expect(decide({ retrainedAt: [hoursAgo(23)] })).toMatchObject({ do: 'wait', until: hoursAgo(-1) });
    expect(decide({ retrainedAt: [hoursAgo(24)] })).toMatchObject({ do: 'train' });
  });

  test('keeps to the budget of 24 hours, and says when the next one fits', () => {
    const retrain = retrainSchema.parse({ cooldownMs: 0, perDay: 2 });
    expect(decide({ retrain, retrainedAt: [hoursAgo(20)] })).toMatchObject({ do: 'train' });
    expect(decide({ retrain, retrainedAt: [hoursAgo(20), hoursAgo(2)] })).toMatchObject({
      do: 'wait',
      until: hoursAgo(-4),
    });
    expect(decide({ retrain, retrainedAt: [hoursAgo(30), hoursAgo(25), hoursAgo(20)] }).do).toBe('train');
    expect(decide({ retrain, retrainedAt: [hoursAgo(20), hoursAgo(5), hoursAgo(2)] })).toMatchObject({
      until: hoursAgo(-19),
    });
  });

  test('asks after two challengers in a row that did not become champion', () => {
    expect(decide({ rejectedInARow: 1 }).do).toBe('train');
    expect(decide({ rejectedInARow: 2 })).toMatchObject({ do: 'ask' });
    expect(decide({ rejectedInARow: 2, approved: true })).toMatchObject({ do: 'train' });
  });

  test('asks before each one where the definition says so', () => {
    const approvals = approvalsSchema.parse({ before: ['retrain'] });
    expect(decide({ approvals }).do).toBe('ask');
    expect(decide({ approvals, approved: true }).do).toBe('train');
    expect(decide({ approvals, kind: 'person' }).do).toBe('train');
  });

  test('asks nobody during a cooldown', () => {
    expect(decide({ rejectedInARow: 2, retrainedAt: [hoursAgo(1)] }).do).toBe('wait');
  });
});
