import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parseDuration } from '../../client/durations.ts';
import { readPolicy } from '../../client/policyOptions.ts';
import { rolloutPolicy } from '../../client/rolloutPolicy.ts';
import { canarySchema } from '../../decisions/canary/policy.ts';

/** The policy of one rollout: the definition's, what the command line wants otherwise, checked as a whole. */

const scratch = mkdtempSync(join(tmpdir(), 'perennial-policy-'));
afterAll(() => rmSync(scratch, { recursive: true }));
function file(content: string): string {
  const path = join(scratch, `${Math.abs(content.length)}.json`);
  writeFileSync(path, content);
  return path;
}

describe('a policy', () => {
  const declared = canarySchema.parse({
    steps: [10, 50],
    guards: { accuracy: { loss: 'brier', labelHorizonMs: 60_000 } },
  });

  test('is that of the definition, or the defaults, where nothing is said', () => {
    expect(rolloutPolicy(declared, {}, 'binary')).toEqual(declared);
    expect(rolloutPolicy(undefined, {}, 'binary')).toEqual(canarySchema.parse({}));
  });

  test('takes a list in place of the other, and one field of an object beside its others', () => {
    const policy = rolloutPolicy(
      declared,
      { steps: [25], guards: { accuracy: { margin: 0.02 }, errors: false } },
      'binary',
    );
    expect(policy.steps).toEqual([25]);
    expect(policy.guards).toEqual({
      ...declared.guards,
      errors: false,
      accuracy: { ...(declared.guards.accuracy as object), margin: 0.02 },
    });
  });

  test.each([
    [{ steps: [50, 10] }, 'steps', 'must ascend'],
    [{ steps: [100] }, 'steps[0]', '<100'],
    [{ stepz: [10] }, 'stepz', 'spelling'],
    [{ guards: { errors: { maxRatio: 1 } } }, 'guards.errors.maxRatio', '>1'],
    [{ everyMs: 10 }, 'everyMs', '>=1000'],
  ])('%j is refused by its path', (overrides, field, expected) => {
    expect(() => rolloutPolicy(declared, overrides as object, 'binary')).toThrowError(
      expect.objectContaining({
        code: 'INVALID_INPUT',
        field,
        message: expect.stringContaining(expected) as string,
      }) as Error,
    );
  });

  test.each([
    ['binary', 'absolute', 'guards.accuracy.loss'],
    ['regression', 'brier', 'guards.accuracy.loss'],
    ['regression', 'squared', 'guards.accuracy.bound'],
    ['regression', 'auto', 'guards.accuracy.bound'],
  ] as const)('a %s model with the loss %s is refused', (task, loss, field) => {
    expect(() => rolloutPolicy(undefined, { guards: { accuracy: { loss } } }, task)).toThrowError(
      expect.objectContaining({ code: 'INVALID_INPUT', field }) as Error,
    );
  });

  test('of numbers is taken with its bound', () => {
    const { guards } = rolloutPolicy(
      undefined,
      { guards: { accuracy: { loss: 'absolute', bound: 60 } } },
      'regression',
    );
    expect(guards.accuracy).toMatchObject({ loss: 'absolute', bound: 60 });
  });
});

describe('the command line', () => {
  test('says nothing that it was not told', async () => {
    expect(await readPolicy({})).toEqual({});
  });

  test('has each part of a policy', async () => {
    expect(
      await readPolicy({
        steps: '10, 50',
        minDuration: '15m',
        maxDuration: '1d',
        every: '30s',
        probation: '0',
        approve: true,
        accuracy: 'brier',
        margin: '0.01',
        labelHorizon: '1h',
        minPairs: '500',
      }),
    ).toEqual({
      steps: [10, 50],
      minDurationMs: 900_000,
      maxDurationMs: 86_400_000,
      everyMs: 30_000,
      probationMs: 0,
      approve: true,
      guards: { accuracy: { loss: 'brier', margin: 0.01, labelHorizonMs: 3_600_000, minPairs: 500 } },
    });
    expect(await readPolicy({ accuracy: 'off' })).toEqual({ guards: { accuracy: false } });
  });

  test('wins over the file, whose other parts stay', async () => {
    const policy = file('{"steps": [5], "guards": {"errors": false, "accuracy": {"loss": "zeroOne"}}}');
    expect(await readPolicy({ policy, steps: '20', margin: '0.1' })).toEqual({
      steps: [20],
      guards: { errors: false, accuracy: { loss: 'zeroOne', margin: 0.1 } },
    });
  });

  test.each([
    [{ steps: '10,x' }, '--steps'],
    [{ steps: '' }, '--steps'],
    [{ every: '30' }, '--every'],
    [{ accuracy: 'auc' }, '--accuracy'],
    [{ margin: 'little' }, '--margin'],
    [{ policy: 'nowhere.json' }, '--policy'],
    [{ policy: file('{') }, '--policy'],
    [{ policy: file('[10]') }, '--policy'],
  ])('%j is refused by the option', async (options, field) => {
    await expect(readPolicy(options)).rejects.toMatchObject({ code: 'INVALID_INPUT', field });
  });

  test.each([
    ['500ms', 500],
    ['1.5s', 1_500],
    ['15m', 900_000],
    ['2h', 7_200_000],
    ['1d', 86_400_000],
    ['0', 0],
  ])('%s is %i ms', (text, ms) => expect(parseDuration(text, '--every')).toBe(ms));

  test.each(['', '15', '-1s', '1w', 's', '1e3s'])('"%s" is no length of time', (text) =>
    expect(() => parseDuration(text, '--every')).toThrowError(/no length of time/),
  );
});
