import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { Random } from '../../learning/rng.ts';
import { sha256First52 } from '../../serving/sha256.ts';

/** Against OpenSSL's, at every length up to beyond the longest text that is computed here. */
it.each([
  ['ASCII', 0x80],
  ['two bytes of UTF-8', 0x800],
  ['half of surrogate pairs', 0x10000],
])('of %s is what OpenSSL gives', (_, units) => {
  const random = new Random(units);
  for (let length = 0; length <= 300; length++) {
    const text = String.fromCharCode(...Array.from({ length }, () => Math.floor(random.unit() * units)));
    const expected = parseInt(createHash('sha256').update(text).digest('hex').slice(0, 13), 16);
    expect([text, sha256First52(text)]).toEqual([text, expected]);
  }
});
