import { randomUUID } from 'node:crypto';
import type { RawBatch } from '../../config/raw.ts';
import { inputsBound, writeInputs, type AskedInputs } from '../../store/loggedInputs.ts';
import { encodePrediction } from '../../store/predictionTuple.ts';
import type { PredictionRecord } from '../../store/predictionTypes.ts';

export function someRecord(record: Partial<PredictionRecord> = {}): PredictionRecord {
  return {
    at: Date.UTC(2026, 7, 1, 12),
    requestId: randomUUID(),
    name: 'flights',
    version: 3,
    arm: 'champion',
    rows: 1,
    status: 0,
    latencyUs: 812,
    ...record,
  };
}

/** Inputs as a gateway logs them: columns of texts, or of numbers where null is a missing one. */
export function inputsOf(columns: Record<string, readonly (number | string | null)[]>): AskedInputs {
  const raw = Object.entries(columns).map(([name, values]) => {
    const isText = values.length > 0 && values.every((value) => typeof value === 'string');
    return [
      name,
      isText ? [...values] : Float64Array.from(values, (value) => (value === null ? NaN : Number(value))),
    ];
  });
  const rows = Object.values(columns).at(0)?.length ?? 0;
  return { batch: { rows, columns: Object.fromEntries(raw) as RawBatch['columns'] } };
}

/** The bytes that are kept of them. */
export function bytesOf(asked: AskedInputs): Buffer {
  // Not at the beginning: a record stands in front of them.
  const bytes = Buffer.alloc(3 + inputsBound(asked));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return bytes.subarray(3, writeInputs(asked, bytes, view, 3));
}

export function encoded(records: readonly PredictionRecord[]): Buffer[] {
  return records.map(encodePrediction);
}

/** UTC days of these records. */
export function daysOf(records: readonly PredictionRecord[]): string[] {
  return [...new Set(records.map(({ at }) => new Date(at).toISOString().slice(0, 10)))];
}
