import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { randomUUID } from 'node:crypto';
import { trainerActivities, type TrainerActivities } from '../../activities/trainer.ts';
import type { ObservedWindow } from '../../activities/watch/observeWindow.ts';
import { withSession } from '../../compute/session.ts';
import { csv, defineLifecycle, logistic, type LifecycleInput } from '../../config/define.ts';
import type { Definition } from '../../config/definition.ts';
import type { RawBatch } from '../../config/raw.ts';
import { Random } from '../../learning/rng.ts';
import type { ModelVersionRow } from '../../store/types.ts';
import type { Bench } from './bench.ts';
import { append } from './rollouts.ts';

/** A model over columns of every type, really trained, and days of traffic that it answers. */

export interface Parcel {
  id: string;
  size: number;
  weight: number | null;
  colour: string;
  sent_at: string;
  urgent: boolean;
  late: 'yes' | 'no';
  grade: 'low' | 'middle' | 'high';
  cost: number;
}

/** Rows of one law; another seed is other rows of the same. */
export function parcels(rows: number, seed: number, edit?: (row: Parcel, random: Random) => void): Parcel[] {
  const random = new Random(seed);
  return Array.from({ length: rows }, (_, i) => {
    const [size, colour, urgent] = [random.unit() * 10, random.below(3), random.below(2) === 1];
    const strength = size + colour * 2 + random.unit() * 3 + (urgent ? 1 : 0);
    const row: Parcel = {
      id: `p${seed}-${i}`,
      size: Number(size.toFixed(3)),
      weight: random.unit() < 0.05 ? null : Number((20 + 10 * random.unit() + size).toFixed(2)),
      colour: ['red', 'green', 'blue'][colour],
      sent_at: new Date(Date.UTC(2026, 0, 1) + i * 60_000).toISOString(),
      urgent,
      late: strength > 9 ? 'yes' : 'no',
      grade: strength > 11 ? 'high' : strength > 7 ? 'middle' : 'low',
      cost: Number((strength * 3 + random.unit()).toFixed(3)),
    };
    edit?.(row, random);
    return row;
  });
}

export const TRAINING_ROWS = 3_000;
export const trainingRows = () => parcels(TRAINING_ROWS, 1);

function csvOf(rows: readonly Parcel[]): string {
  const header = Object.keys(rows[0]) as (keyof Parcel)[];
  return [header.join(','), ...rows.map((row) => header.map((name) => row[name] ?? '').join(','))].join('\n');
}

export function watchedDefinition(
  bench: Bench,
  more: Partial<LifecycleInput> & { name: string },
): Definition {
  return defineLifecycle({
    sources: { parcels: csv(bench.write(`${more.name}.csv`, csvOf(trainingRows()))) },
    dataset: 'SELECT id, size, weight, colour, sent_at, urgent, late FROM parcels',
    target: 'late',
    key: 'id',
    search: [logistic()],
    select: { folds: 2 },
    watch: { everyMs: 3_600_000, minRows: 200 },
    ...more,
  });
}

export interface Watched {
  name: string;
  definitionHash: string;
  model: ModelVersionRow;
  /** Answers these rows within the hour (of simulated time), each with a key of its own unless `key` says otherwise. */
  answer(hour: number, rows: readonly object[], options?: AnswerOptions): Promise<string[]>;
  observe(hour: number, more?: { number?: number; healthy?: number; hash?: string }): Promise<ObservedWindow>;
}

interface AnswerOptions {
  key?: (row: number) => string;
  /** Rows of one request. */
  requestRows?: number;
  logInputs?: boolean;
}

export const HOUR_MS = 3_600_000;
const MIDNIGHT = Date.UTC(2026, 1, 1);
export const hourOf = (hour: number) => new Date(MIDNIGHT + hour * HOUR_MS).toISOString();

export const run = <T>(body: () => Promise<T>): Promise<T> =>
  new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') }).run<[], T, () => Promise<T>>(body);

export async function watched(bench: Bench, definition: Definition): Promise<Watched> {
  const { name } = definition;
  const result = await (await bench.client.train(definition)).result();
  const model = await bench.store.registry.get(name, result.version);
  if (!model) throw new Error(`${name} was not registered: ${JSON.stringify(result)}`);
  const bytes = await bench.store.artifacts.get(model.digest);
  const definitionHash = await bench.store.definitions.put(definition);
  const activities: TrainerActivities = trainerActivities(bench.dependencies);
  return {
    name,
    definitionHash,
    model,
    async answer(hour, rows, { key, requestRows = 1, logInputs = true } = {}) {
      const batch = batchOf(model, rows);
      const said = await withSession(bytes, (session) => session.predict(batch));
      const width = (said.probabilities ?? said.prediction ?? []).length / rows.length;
      const outputs = (i: number): number[] => {
        if (said.prediction) return [said.prediction[i]];
        const all = [...(said.probabilities ?? []).slice(i * width, (i + 1) * width)];
        return model.signature.task === 'binary' ? [all[model.signature.positive ?? 1]] : all;
      };
      const keys = rows.map((_, i) => key?.(i) ?? `${name}-${hour}-${i}`);
      const starts = Array.from({ length: Math.ceil(rows.length / requestRows) }, (_, i) => i * requestRows);
      await append(
        bench.store,
        starts.map((start) => {
          const indexes = Array.from(
            { length: Math.min(requestRows, rows.length - start) },
            (_, i) => start + i,
          );
          return {
            at: MIDNIGHT + Math.floor((hour + start / rows.length) * HOUR_MS),
            requestId: randomUUID(),
            name,
            version: model.version,
            arm: 'champion' as const,
            rows: indexes.length,
            keys: indexes.map((i) => keys[i]),
            inputs: logInputs ? { batch, rowIndexes: indexes } : undefined,
            outputs: Float32Array.from(indexes.flatMap(outputs)),
            status: 0,
            latencyUs: 500,
          };
        }),
      );
      return keys;
    },
    observe: (hour, { number = 1, healthy, hash = definitionHash } = {}) =>
      run(() =>
        activities.observeWindow({
          ...{ name, definitionHash: hash, number, healthy },
          from: hourOf(hour),
          to: hourOf(hour + 1),
        }),
      ),
  };
}

function batchOf({ signature }: ModelVersionRow, rows: readonly object[]): RawBatch {
  const columns: RawBatch['columns'] = {};
  for (const { name, columnType } of signature.inputs) {
    const values = rows.map((row) => (row as Record<string, unknown>)[name]);
    if (columnType === 'string') columns[name] = values.map((value) => (value ?? '') as string);
    else if (columnType === 'timestamp')
      columns[name] = Float64Array.from(values, (value) => Date.parse(value as string));
    else columns[name] = Float64Array.from(values, (value) => (value === null ? NaN : Number(value)));
  }
  return { rows: rows.length, columns };
}
