import { expect, test } from 'vitest';
import { isTransient } from '../../config/transient.ts';

/** What passes when it is tried again, and what does not. */

const withCode = (code: string) => Object.assign(new Error('it failed'), { code });

test.each([
  '08006',
  '25006',
  '40001',
  '57P01',
  'ECONNRESET',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'EAI_AGAIN',
  'EAI_FAIL',
])('%s passes', (code) => {
  expect(isTransient(withCode(code))).toBe(true);
});

test.each(['23505', '25P02', '42P01', 'ENOENT', 'EACCES'])('%s stays', (code) => {
  expect(isTransient(withCode(code))).toBe(false);
});
