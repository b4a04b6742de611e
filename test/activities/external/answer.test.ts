import { describe, expect, it } from 'vitest';
import { decodeAnswers, parseAnswer, WrongAnswer } from '../../../activities/external/answer.ts';
import { encodeTensors } from '../../../activities/tensors.ts';

const file = (fold_0: number[]) =>
  encodeTensors({ metadata: {}, tensors: { fold_0: Float64Array.from(fold_0) } });

describe('answers to rows', () => {
  it.each([
    [
      'a sum below 1',
      [0.5, 0.5, 0.4, 0.5],
      /row 1 of "fold_0" with \[0.4000, 0.5000\]; expected .* sum to 1, within/,
    ],
    [
      'a share below 0',
      [1.01, -0.01, 0.5, 0.5],
      /row 0 of "fold_0" with \[1.010, -0.01000\]; expected .* from 0 to 1/,
    ],
    ['one above 1', [1.0004, -0.0004, 0.5, 0.5], /row 0 of "fold_0" with \[1.000, -0.0004000\]/],
    ['no number', [0.5, 0.5, NaN, 1], /row 1 of "fold_0" with \[NaN, 1.000\]/],
    ['an endless one', [Infinity, -Infinity, 0.5, 0.5], /row 0 of "fold_0" with \[Infinity, -Infinity\]/],
  ])('of %s are refused by their row', (_, values, message) => {
    expect(() => decodeAnswers(file(values), { fold_0: 2 }, 2)).toThrow(message);
    expect(() => decodeAnswers(file(values), { fold_0: 2 }, 2)).toThrow(WrongAnswer);
  });

  it('may be off by what float32 sums are', () => {
    const values = [1 + 4e-7, -4e-7, 0.4996, 0.4996];
    expect(decodeAnswers(file(values), { fold_0: 2 }, 2)).toEqual({ fold_0: Float64Array.from(values) });
  });

  it.each([NaN, Infinity, -Infinity])('of a regression are no %s', (value) => {
    expect(() => decodeAnswers(file([1, value]), { fold_0: 2 }, 1)).toThrow(
      new RegExp(`row 1 of "fold_0" with ${value}; expected a finite number`),
    );
  });

  it('are those of each part', () => {
    expect(() => decodeAnswers(file([0.5, 0.5]), { fold_0: 1, fold_1: 1 }, 2)).toThrow(
      /answered nothing in "fold_1"; expected F64 or F32 \[1, 2\]/,
    );
    expect(() => decodeAnswers(new Uint8Array(30), { fold_0: 1 }, 2)).toThrow(/no safetensors file/);
  });
});

describe('an answer', () => {
  const digest = 'a'.repeat(64);
  const right = { apiVersion: 1, answersDigest: digest, packages: { odd: '1.0' } };

  it('is one JSON object, of which more may be said', () => {
    expect(parseAnswer(JSON.stringify({ ...right, remark: 'new' }))).toEqual(right);
  });

  it.each([
    ['another version', { ...right, apiVersion: 2 }, /apiVersion is 2/],
    ['no packages', { ...right, packages: undefined }, /packages is missing/],
    ['a version that is none', { ...right, packages: { odd: 1 } }, /packages.odd is 1/],
    ['a time below 0', { ...right, durationMs: -1 }, /durationMs is -1/],
  ])('of %s is refused by its field', (_, answer, message) => {
    expect(() => parseAnswer(JSON.stringify(answer))).toThrow(message);
  });

  it.each([
    [
      'deep',
      `{"apiVersion":1,"answersDigest":"${digest}","packages":${'['.repeat(15_000)}${']'.repeat(15_000)}}`,
    ],
    ['long', JSON.stringify({ ...right, packages: { ['x'.repeat(20_000)]: '1' } })],
  ])('that is %s is refused in few words', (_, text) => {
    let said: unknown;
    try {
      parseAnswer(text);
    } catch (error) {
      said = error;
    }
    expect(said).toBeInstanceOf(WrongAnswer);
    expect((said as Error).message).toContain('packages');
    expect((said as Error).message.length).toBeLessThanOrEqual(500);
  });
});
