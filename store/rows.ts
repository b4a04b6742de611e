/** Between what Postgres keeps and what the interfaces promise. */

/** Postgres has no character U+0000 in text, and UTF-8 has no lone surrogate: both become U+FFFD. */
export function storable(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8').replaceAll('\0', '\uFFFD');
}

/** A row without the columns that are NULL, so that an optional field is absent and not null. */
export function present<T extends object>(row: { [K in keyof T]: T[K] | null }): T {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null)) as T;
}

export function iso(time: Date): string {
  return time.toISOString();
}

/** JSON has no NaN: a number that is not defined (the AUC of one class) is kept as null and comes back as NaN. */
export function numbers(record: Record<string, number | null>): Record<string, number> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, value ?? NaN]));
}
