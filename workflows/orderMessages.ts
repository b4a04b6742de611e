/** Who gives a command and why: both stand in the audit. */
export interface Order {
  actor: string;
  reason: string;
}

const ORDER_CHARACTERS = { actor: 200, reason: 1_000 } as const;

/** What is wrong with an order, which is whatever somebody sent; undefined where it is one. */
export function malformedPart(
  order: unknown,
): { field: 'actor' | 'reason'; found: string; expected: string } | undefined {
  const given = (typeof order === 'object' && order !== null ? order : {}) as Record<string, unknown>;
  for (const field of ['actor', 'reason'] as const) {
    const most = ORDER_CHARACTERS[field];
    const value = given[field];
    if (typeof value === 'string' && value.trim() !== '' && value.length <= most) continue;
    const found = typeof value === 'string' ? `${value.length} characters` : typeof value;
    return { field, found, expected: `1 to ${most} characters` };
  }
  return undefined;
}
