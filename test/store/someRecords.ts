import { randomUUID } from 'node:crypto';
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

export function encoded(records: readonly PredictionRecord[]): Buffer[] {
  return records.map(encodePrediction);
}

/** UTC days of these records. */
export function daysOf(records: readonly PredictionRecord[]): string[] {
  return [...new Set(records.map(({ at }) => new Date(at).toISOString().slice(0, 10)))];
}
