/** Of the trigger that tells of sources which hold what this digest is of: told again, it is the same one. */
export function dataTriggerId(sourcesDigest: string): string {
  return `data/${sourcesDigest.slice(0, 32)}`;
}
