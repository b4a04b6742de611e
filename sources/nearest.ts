/** `Did you mean "distance"?`, or the first of the names where none is near: a whole sentence. */
export function nearest(name: string, names: readonly string[]): string {
  const near = names
    .map((candidate) => ({
      candidate,
      distance: editDistance(name.trim().toLowerCase(), candidate.trim().toLowerCase()),
    }))
    .filter(
      ({ candidate, distance }) =>
        distance <= Math.max(1, Math.floor(Math.max(name.length, candidate.length) / 3)),
    )
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map(({ candidate }) => `"${candidate}"`);
  if (near.length > 0) return `Did you mean ${near.join(' or ')}?`;
  const some = names.slice(0, 12).map((n) => `"${n}"`);
  return `Expected one of ${some.join(', ')}${names.length > some.length ? ` and ${names.length - some.length} more` : ''}.`;
}

/** Levenshtein distance. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next[j] = Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1);
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
