import { expect, test } from 'vitest';
import { sql } from '../../config/define.ts';

test('SQL is constant: a value that JavaScript interpolates is refused, not left out', () => {
  expect(sql`  SELECT 1  `).toBe('SELECT 1');
  const loose: (strings: TemplateStringsArray, ...values: unknown[]) => string = sql;
  expect(() => loose`SELECT * FROM flights LIMIT ${10}`).toThrow(/would be left out/);
});
