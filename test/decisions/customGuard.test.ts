import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { CustomGuardAnswer, CustomGuardQuestion } from '../../workflows/rolloutMessages.ts';

/** docs/schemas/custom-guard.json is what a guard of one's own is asked and answers, in any language. */

type Schema = Parameters<typeof z.fromJSONSchema>[0];
const { $defs } = JSON.parse(
  readFileSync(new URL('../../docs/schemas/custom-guard.json', import.meta.url), 'utf8'),
) as { $defs: Record<'question' | 'answer', Schema & { properties: object; required: string[] }> };

const asked: CustomGuardQuestion = {
  apiVersion: 1,
  rollout: 'rollout/churn/3',
  name: 'churn',
  championVersion: 1,
  challengerVersion: 2,
  stage: 0,
  weight: 0.1,
  startedAt: '2026-01-01T00:00:00.000Z',
  look: 7,
  parameters: { floor: 0.2, segment: 'new', strict: true, none: null },
};
const told: CustomGuardAnswer = { state: 'fail', reason: 'Baskets are 3 % smaller.' };

describe.each([
  { name: 'question' as const, example: asked },
  { name: 'answer' as const, example: told },
])('the $name', ({ name, example }) => {
  const schema = z.fromJSONSchema($defs[name]);

  test('is one of its type, with every field and no other', () => {
    expect(schema.parse(example)).toEqual(example);
    expect(Object.keys($defs[name].properties).sort()).toEqual(Object.keys(example).sort());
    expect([...$defs[name].required].sort()).toEqual(Object.keys(example).sort());
  });

  test.each(Object.keys(example))('is none without %s, nor with it null', (field) => {
    const rest = Object.fromEntries(Object.entries(example).filter(([key]) => key !== field));
    expect(Object.keys(rest)).toHaveLength(Object.keys(example).length - 1);
    expect(schema.safeParse(rest).success).toBe(false);
    expect(schema.safeParse({ ...example, [field]: null }).success).toBe(false);
  });
});
