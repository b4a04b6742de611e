import { randomUUID } from 'node:crypto';
import type { RawBatch } from '../../config/raw.ts';
import { encodeInputs } from '../../store/loggedInputs.ts';
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
export function inputsOf(columns: Record<string, readonly (number | string | null)[]>): Buffer {
  const raw = Object.entries(columns).map(([name, values]) => {
    const isText = values.length > 0 && values.every((value) => typeof value === 'string');
    return [
      name,
      isText ? [...values] : Float64Array.from(values, (value) => (value === null ? NaN : Number(value))),
    ];
  });
  const rows = Object.values(columns).at(0)?.length ?? 0;
  return encodeInputs({ rows, columns: Object.fromEntries(raw) as RawBatch['columns'] });
}

export function encoded(records: readonly PredictionRecord[]): Buffer[] {
  return records.map(encodePrediction);
}

/** UTC days of these records. */
export function daysOf(records: readonly PredictionRecord[]): string[] {
  return [...new Set(records.map(({ at }) => new Date(at).toISOString().slice(0, 10)))];
}
