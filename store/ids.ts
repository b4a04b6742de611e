import { createHash } from 'node:crypto';
import { storable } from './rows.ts';

/** A row of an index may have 2,704 bytes (a third of a page); beside others, and in GIN, less. */
const MAX_ID_BYTES = 512;

/**
 * A request's id or a key, as predictions and labels keep it: storable text of at most 512 bytes. A longer one is kept
 * as its SHA-256, so it still joins and is still found. Whoever looks an id up asks for this form.
 */
export function storedId(id: string): string {
  // Ids are nearly always short ASCII, for which this is all that runs: 30 ns.
  if (id.length <= MAX_ID_BYTES && PLAIN.test(id)) return id;
  const text = storable(id);
  if (Buffer.byteLength(text) <= MAX_ID_BYTES) return text;
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}

const PLAIN = /^[\x01-\x7f]*$/;
