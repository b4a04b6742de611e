import { sha256First52 } from './sha256.ts';

/**
 * Where a key stands in a rollout: the first 52 bits of SHA-256(rolloutId, a zero byte, key) over 2^52, so 0 <= u < 1.
 * The rollout's id is the salt: raising the weight only ever adds keys, and another rollout is another split.
 *
 * @param key as UTF-8; two that differ in lone surrogates alone are one
 */
export function positionOf(rolloutId: string, key: string): number {
  return sha256First52(`${rolloutId}\0${key}`) / 2 ** 52;
}

/** Whether the challenger answers this key. @param weight its share of the keys, 0 to 1 */
export function isChallengers(rolloutId: string, key: string, weight: number): boolean {
  return weight > 0 && (weight >= 1 || positionOf(rolloutId, key) < weight);
}
