/**
 * What a segment's file is made of: a frame holds records of one UTC day as COPY tuples, behind a header of 20 bytes,
 * all little-endian: magic, bytes of the tuples, number of records, day (since 1970-01-01), and a check of the rest of
 * the header and the tuples. It tells a frame that was half written when the process was killed, and, after a loss of
 * power, blocks that never reached the disk.
 */
export const FRAME_HEADER_BYTES = 20;

export interface Frame {
  /** ISO date, UTC. */
  day: string;
  records: number;
  tuples: Buffer;
}

export const DAY_MS = 86_400_000;

/** Fills the header that stands before the tuples. @param frame header and tuples @param day since 1970-01-01 */
export function sealFrame(frame: Buffer, records: number, day: number): void {
  frame.writeUInt32LE(MAGIC, 0);
  frame.writeUInt32LE(frame.length - FRAME_HEADER_BYTES, 4);
  frame.writeUInt32LE(records, 8);
  frame.writeInt32LE(day, 12);
  frame.writeInt32LE(checkOf(frame), CHECKED_BYTES);
}

/** All frames up to the first that is not whole: what follows it was never said to be written. */
export function readFrames(file: Buffer): Frame[] {
  const frames: Frame[] = [];
  for (let at = 0; at + FRAME_HEADER_BYTES <= file.length;) {
    const end = at + FRAME_HEADER_BYTES + file.readUInt32LE(at + 4);
    if (file.readUInt32LE(at) !== MAGIC || end > file.length) break;
    const frame = file.subarray(at, end);
    if (checkOf(frame) !== frame.readInt32LE(CHECKED_BYTES)) break;
    frames.push({
      day: new Date(frame.readInt32LE(12) * DAY_MS).toISOString().slice(0, 10),
      records: frame.readUInt32LE(8),
      tuples: frame.subarray(FRAME_HEADER_BYTES),
    });
    at = end;
  }
  return frames;
}

const MAGIC = 0x31474c50; // "PLG1"
/** Of the header; its check follows. */
const CHECKED_BYTES = 16;

/**
 * MurmurHash3_x86_32 (Appleby, public domain). Against accidents, not against people: SHA-256 takes longer than encoding
 * the records does, and Node has CRC-32 since 20.15 only.
 */
function checkOf(frame: Buffer): number {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  let hash = 0;
  for (let at = 0; at < CHECKED_BYTES; at += 4) hash = mix(hash, view.getInt32(at, true));
  const whole = frame.length - ((frame.length - FRAME_HEADER_BYTES) % 4);
  for (let at = FRAME_HEADER_BYTES; at < whole; at += 4) hash = mix(hash, view.getInt32(at, true));
  let rest = 0;
  for (let at = frame.length - 1; at >= whole; at--) rest = (rest << 8) | frame[at];
  hash ^= scramble(rest) ^ frame.length;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

function mix(hash: number, word: number): number {
  const mixed = hash ^ scramble(word);
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0;
}

function scramble(word: number): number {
  const scrambled = Math.imul(word, 0xcc9e2d51);
  return Math.imul((scrambled << 15) | (scrambled >>> 17), 0x1b873593);
}
