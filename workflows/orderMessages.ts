import { parseTime } from '../config/time.ts';

/** Who gives a command and why: both stand in the audit. */
export interface Order {
  actor: string;
  reason: string;
}

const ORDER_CHARACTERS = { actor: 200, reason: 1_000 } as const;

/** What is wrong with an order, which is whatever somebody sent; undefined where it is one. */
export function malformedPart(
  order: unknown,
): { field: 'actor' | 'reason' | 'at'; found: string; expected: string } | undefined {
  const given = (typeof order === 'object' && order !== null ? order : {}) as Record<string, unknown>;
  for (const field of ['actor', 'reason'] as const) {
    const most = ORDER_CHARACTERS[field];
    const value = given[field];
    if (typeof value === 'string' && value.trim() !== '' && value.length <= most) continue;
    const found = typeof value === 'string' ? `${value.length} characters` : typeof value;
    return { field, found, expected: `1 to ${most} characters` };
  }
  const { at } = given;
  // A program that has no time may say so with null.
  if (at === undefined || at === null || (typeof at === 'string' && parseTime(at) !== undefined))
    return undefined;
  const found = typeof at === 'string' ? JSON.stringify(at.slice(0, MAX_SHOWN)) : typeof at;
  return { field: 'at', found, expected: 'ISO 8601, such as 2026-01-31T12:00:00Z' };
}

const MAX_SHOWN = 100;

/** The time of an order that is well formed, as everything else writes times. */
export function timeOf({ at }: { at?: string | null }): string | undefined {
  const ms = typeof at === 'string' ? parseTime(at) : undefined;
  return ms === undefined ? undefined : new Date(ms).toISOString();
}
