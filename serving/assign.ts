import crypto from 'node:crypto';

/**
 * Where a key stands in a rollout: the first 52 bits of SHA-256(rolloutId, a zero byte, key) over 2^52, so 0 <= u < 1.
 * The rollout's id is the salt: raising the weight only ever adds keys, and another rollout is another split.
 *
 * @param key as UTF-8; two that differ in lone surrogates alone are one
 */
export function positionOf(rolloutId: string, key: string): number {
  return parseInt(sha256(`${rolloutId}\0${key}`).slice(0, HEX_DIGITS), 16) / 2 ** 52;
}

/** Whether the challenger answers this key. @param weight its share of the keys, 0 to 1 */
export function isChallengers(rolloutId: string, key: string, weight: number): boolean {
  return weight > 0 && (weight >= 1 || positionOf(rolloutId, key) < weight);
}

/** 52 bits, which a double holds exactly. */
const HEX_DIGITS = 13;

/**
 * In one call 0.5 us a key; createHash takes 1.2 us, a copied createHash 1.2 us, either with bytes in place of hex
 * 1.2 to 2 us, @noble/hashes 2.2 us (Node 20.20). crypto.hash came with Node 20.12.
 */
const sha256: (text: string) => string =
  typeof crypto.hash === 'function'
    ? (text) => crypto.hash('sha256', text, 'hex')
    : (text) => crypto.createHash('sha256').update(text).digest('hex');
