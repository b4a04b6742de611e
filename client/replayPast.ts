import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { openSession, type Answers, type ModelSession } from '../compute/session.ts';
import { rawBatch } from '../config/raw.ts';
import { encodePrediction } from '../store/predictionTuple.ts';
import type { PredictionRecord } from '../store/predictionTypes.ts';
import type { ModelVersionRow, Store } from '../store/types.ts';
import {
  lifecycleQuery,
  triggerSignal,
  watchNow,
  type LifecycleProgress,
  type Watched,
} from '../workflows/lifecycleMessages.ts';
import { ids } from '../workflows/messages.ts';
import { steadily } from './steadily.ts';

/** What happened once, replayed as traffic: each row is asked at its time, and what was true is told some time later. */
export interface PastRow {
  key: string;
  /** Epoch milliseconds. */
  at: number;
  inputs: Record<string, number | string | boolean | null>;
  truth: string | number | boolean;
}

export interface Chunk {
  /** Epoch milliseconds; from included, to excluded. */
  from: number;
  to: number;
  rows: number;
  /** The version that answered. */
  version: number;
  /** Accuracy of the answers, or their mean absolute error. */
  quality: number;
  watched: Watched | null;
  /** How the lifecycle stood when everything that the chunk led to had ended; absent where that was not waited for. */
  lifecycle?: LifecycleProgress;
}

export interface ReplayedPast {
  store: Store;
  temporal: Client;
  name: string;
  /** In the order of time. */
  rows: readonly PastRow[];
  chunkMs: number;
  labelDelayMs: number;
  /** Tells the lifecycle at the end of every n-th chunk that it is time; the calendar of the past has no Temporal Schedule. */
  scheduleEvery?: number;
  /** Whether the watch looks at the end of each chunk. */
  watched: boolean;
  /** Whether each chunk waits for everything that it led to; default true. */
  rest?: boolean;
  onChunk?: (chunk: Chunk) => void;
  /** Ends it after the chunk that is under way. */
  signal?: AbortSignal;
}

/** One chunk after the other, as the lifecycle would have met them; nothing of a chunk is known before its end. */
export async function replayPast(past: ReplayedPast): Promise<Chunk[]> {
  const { rows, chunkMs, store, name, temporal } = past;
  const chunks: Chunk[] = [];
  const models = openModels(store, name);
  const untold: PastRow[] = [];
  let next = 0;
  try {
    const start = rows[0]?.at ?? 0;
    for (let n = 0; next < rows.length && !past.signal?.aborted; n++) {
      const [from, to] = [start + n * chunkMs, start + (n + 1) * chunkMs];
      const first = next;
      while (next < rows.length && rows[next].at < to) next++;
      const asked = rows.slice(first, next);
      if (asked.length === 0) continue;
      const version = (await steadily(() => store.routes.get(name)))?.championVersion ?? 0;
      const model = await steadily(() => models.get(version));
      const quality = await answer(past, model, asked);
      untold.push(...asked);
      await tell(past, untold, to);
      const end = new Date(to).toISOString();
      const watched = past.watched ? await look(temporal, name, end) : null;
      if (past.scheduleEvery !== undefined && (n + 1) % past.scheduleEvery === 0) {
        const trigger = {
          ...{ id: `past/${end}`, kind: 'schedule' as const, by: ids.schedule(name), at: end },
          reason: 'It is time, by the schedule of the definition.',
        };
        const lifecycle = temporal.workflow.getHandle(ids.lifecycle(name));
        await steadily(() => lifecycle.signal(triggerSignal, trigger));
      }
      const lifecycle = past.rest === false ? undefined : await atRest(temporal, name);
      const chunk = { from, to, rows: asked.length, version, quality, watched, lifecycle };
      chunks.push(chunk);
      past.onChunk?.(chunk);
    }
    return chunks;
  } finally {
    await models.close();
  }
}

/** Waits until nothing is under way and nothing is about to begin. */
export async function atRest(temporal: Client, name: string): Promise<LifecycleProgress> {
  const handle = temporal.workflow.getHandle(ids.lifecycle(name));
  for (;;) {
    const progress = await steadily(() => handle.query(lifecycleQuery));
    if (progress.settled && !progress.training && !progress.rollout) return progress;
    await pause(100);
  }
}

/** Asked again under the same id it is the same look. */
async function look(temporal: Client, name: string, to: string): Promise<Watched | null> {
  const handle = temporal.workflow.getHandle(ids.watch(name));
  return steadily(() => handle.executeUpdate(watchNow, { args: [{ to }], updateId: `past/${to}` }));
}

async function tell(
  { store, name, labelDelayMs }: ReplayedPast,
  untold: PastRow[],
  now: number,
): Promise<void> {
  const count = untold.findIndex(({ at }) => at + labelDelayMs > now);
  const due = untold.splice(0, count < 0 ? untold.length : count);
  for (let i = 0; i < due.length; i += MAX_LABELS) {
    const labels = due.slice(i, i + MAX_LABELS).map(({ key, at, truth }) => ({
      key,
      value: truth,
      observedAt: new Date(at + labelDelayMs).toISOString(),
    }));
    await steadily(() => store.labels.put(name, labels));
  }
}

const MAX_LABELS = 10_000;

interface Model {
  row: ModelVersionRow;
  session: ModelSession;
}

function openModels(store: Store, name: string) {
  const open = new Map<number, Model>();
  return {
    async get(version: number): Promise<Model> {
      const found = open.get(version);
      if (found) return found;
      const row = await store.registry.get(name, version);
      if (!row) throw new Error(`There is no ${name}@${version}.`);
      const model = { row, session: await openSession(await store.artifacts.get(row.digest)) };
      open.set(version, model);
      return model;
    },
    async close(): Promise<void> {
      for (const { session } of open.values()) await session.release();
    },
  };
}

/** Asks the model for every row and logs the answers at the times of the past. @returns how good they were */
async function answer(
  { store, name }: ReplayedPast,
  { row, session }: Model,
  rows: readonly PastRow[],
): Promise<number> {
  const { signature, version } = row;
  const batch = rawBatch(
    signature.inputs,
    rows.map(({ inputs }) => inputs),
  );
  const answers = await session.predict(batch);
  const outputs = outputsOf(answers, signature);
  const width = outputs.length / rows.length;
  const records = rows.map(({ key, at }, i): PredictionRecord => ({
    at,
    requestId: randomUUID(),
    name,
    version,
    arm: 'champion',
    rows: 1,
    keys: [key],
    inputs: { batch, rowIndexes: [i] },
    outputs: outputs.slice(i * width, (i + 1) * width),
    status: 0,
    latencyUs: 500,
  }));
  const days = new Set(records.map(({ at }) => new Date(at).toISOString().slice(0, 10)));
  const [segment, tuples] = [randomUUID(), records.map(encodePrediction)];
  // A segment that is there is not appended again.
  await steadily(() => store.predictions.append(segment, [...days], tuples));
  const { classes } = signature;
  const losses = rows.map(({ truth }, i) =>
    answers.labels && classes
      ? Number(String(classes[answers.labels[i]]) === String(truth))
      : Math.abs((answers.prediction?.[i] ?? NaN) - Number(truth)),
  );
  return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
}

/** As a gateway logs them: binary the positive class's probability, multiclass all of them, regression the value. */
function outputsOf(
  { probabilities, prediction }: Answers,
  { task, classes = [], positive = 0 }: ModelVersionRow['signature'],
): Float32Array {
  if (prediction) return prediction;
  if (!probabilities) throw new Error('The model answers neither probabilities nor a prediction.');
  if (task !== 'binary') return probabilities;
  return Float32Array.from(
    { length: probabilities.length / classes.length },
    (_, i) => probabilities[i * classes.length + positive],
  );
}
