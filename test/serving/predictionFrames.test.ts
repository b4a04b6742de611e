import { describe, expect, test } from 'vitest';
import { FrameMemory } from '../../serving/log/memory.ts';
import { readFrames } from '../../serving/log/frames.ts';
import { encodePrediction } from '../../store/predictionTuple.ts';
import type { PredictionRecord } from '../../store/predictionTypes.ts';
import { inputsOf, someRecord } from '../store/someRecords.ts';

/** What was written is read back, and what was half written is not. */
const HOUR = 3_600_000;

function write(records: readonly PredictionRecord[], memory = new FrameMemory()): Buffer[] {
  for (const record of records) memory.add(record);
  return memory.take().map((frame) => {
    const bytes = Buffer.from(frame.bytes);
    memory.release(frame);
    return bytes;
  });
}

describe('frames', () => {
  test('hold the tuples of their records, in order, a day each', () => {
    const records = Array.from({ length: 48 }, (_, hour) =>
      someRecord({ at: Date.UTC(2026, 1, 28) + hour * HOUR }),
    );
    const frames = readFrames(Buffer.concat(write(records)));
    expect(frames.map(({ day, records: n }) => [day, n])).toEqual([
      ['2026-02-28', 24],
      ['2026-03-01', 24],
    ]);
    const tuples = Buffer.concat(frames.map((frame) => frame.tuples));
    expect(tuples.equals(Buffer.concat(records.map(encodePrediction)))).toBe(true);
  });

  test('are made in memory that is used again, and as large as one record needs', () => {
    const memory = new FrameMemory();
    for (let round = 0; round < 3; round++) {
      const records = [
        ...Array.from({ length: 1_000 }, () => someRecord({ inputs: inputsOf({ x: ['é'.repeat(100)] }) })),
        someRecord({ inputs: inputsOf({ x: ['✈'.repeat(500_000)] }), rows: 1 }),
        someRecord(),
      ];
      const bytes = write(records, memory);
      const frames = readFrames(Buffer.concat(bytes));
      expect(frames.reduce((sum, frame) => sum + frame.records, 0)).toBe(1_002);
      const tuples = Buffer.concat(frames.map((frame) => frame.tuples));
      expect(tuples.equals(Buffer.concat(records.map(encodePrediction)))).toBe(true);
      expect(memory.bytes).toBe(0);
    }
  });

  test('that a write did not finish end the file, wherever it was cut', () => {
    const [first] = write([someRecord(), someRecord()]);
    const [second] = write([someRecord()]);
    const whole = Buffer.concat([first, second]);
    for (let length = 0; length < whole.length; length++) {
      expect(readFrames(whole.subarray(0, length))).toHaveLength(length < first.length ? 0 : 1);
    }
    expect(readFrames(whole)).toHaveLength(2);
    expect(readFrames(Buffer.concat([whole, first.subarray(0, 50)]))).toHaveLength(2);
    expect(readFrames(Buffer.concat([whole, Buffer.alloc(4_096)]))).toHaveLength(2);
  });

  test('of which a byte is not as it was written end the file', () => {
    const [first] = write([someRecord()]);
    const [second] = write([someRecord({ keys: ['a', 'b', 'c'] })]);
    for (let at = 0; at < second.length; at++) {
      const spoiled = Buffer.concat([first, second, first]);
      spoiled[first.length + at] ^= 1 << (at % 8);
      expect(readFrames(spoiled)).toHaveLength(1);
    }
    // Blocks that never reached the disk are zeros.
    const zeros = Buffer.concat([first, second]);
    zeros.fill(0, first.length + 40);
    expect(readFrames(zeros)).toHaveLength(1);
  });
});
