import { openSession } from '../../compute/session.ts';
import type { ColumnType } from '../../decisions/profile.ts';
import { fitEncoders } from '../../learning/encoders/fit.ts';
import type { FittedEncoders } from '../../learning/encoders/fitted.ts';
import type { Feature } from '../../learning/encoders/spec.ts';
import { assembleEncoders } from '../../learning/onnx/assemble.ts';
import { profileOf } from './encodersProfile.ts';

export type Columns = Record<string, { type: ColumnType; values: readonly (number | string)[] }>;

/** Fits on `train` and encodes `rows` (the training rows unless given) in ONNX Runtime; one array an output column. */
export async function encode(
  features: readonly Feature[] | 'auto',
  train: Columns,
  rows: Columns = train,
): Promise<Record<string, number[]>> {
  return encodeWith(fit(features, train), rows);
}

export function fit(features: readonly Feature[] | 'auto', train: Columns): FittedEncoders {
  const profiles = Object.entries(train).map(([name, { type, values }]) => profileOf(name, type, values));
  return fitEncoders(features, profiles, { target: 'the target' });
}

export async function encodeWith(fitted: FittedEncoders, rows: Columns): Promise<Record<string, number[]>> {
  const session = await openSession(assembleEncoders(fitted));
  const count = Object.values(rows)[0].values.length;
  const x = await session.encode(batchOf(rows));
  await session.release();
  const width = fitted.features.length;
  return Object.fromEntries(
    fitted.features.map((name, j) => [name, Array.from({ length: count }, (_, i) => x[i * width + j])]),
  );
}

export function batchOf(columns: Columns) {
  const entries = Object.entries(columns).map(([name, { type, values }]) => [
    name,
    type === 'string' ? values.map(String) : Float64Array.from(values as number[]),
  ]);
  return {
    rows: Object.values(columns)[0].values.length,
    columns: Object.fromEntries(entries) as Record<string, Float64Array | string[]>,
  };
}

export const numbers = (...values: number[]) => ({ type: 'number' as const, values });
export const strings = (...values: string[]) => ({ type: 'string' as const, values });
export const booleans = (...values: number[]) => ({ type: 'boolean' as const, values });
export const times = (...values: number[]) => ({ type: 'timestamp' as const, values });
