import { openSession } from '../../compute/session.ts';
import type { RawBatch } from '../../config/raw.ts';
import type { Store } from '../../store/types.ts';
import {
  registerModel,
  someBatch,
  someJson,
  tinyModel,
  type Column,
  type TinyModel,
} from '../serving/fixtures.ts';

/** What a version says of a row. */
export interface Answer {
  prediction: boolean;
  /** Of true. */
  probability: number;
}

/** Two versions, and rows of which they disagree on every second one: a rollout is decided by a few hundred labels. */
export interface Contest {
  models: TinyModel[];
  rows: Record<Column, number | string | boolean | null>[];
  /** By version, 1 or 2, and by row. */
  answers: Record<number, Answer[]>;
}

const POOL = 2_000;
const ROWS = 400;
const SEED = 7;

export async function trainContest(): Promise<Contest> {
  const models = [await tinyModel({ seed: 1 }), await tinyModel({ seed: 2 })];
  const batch = someBatch(POOL, SEED);
  const [first, second] = [await answersOf(models[0], batch), await answersOf(models[1], batch)];
  const agree = (i: number) => first[i].prediction === second[i].prediction;
  const indexes = first.map((_, i) => i);
  const half = (wanted: boolean) => indexes.filter((i) => agree(i) === wanted).slice(0, ROWS / 2);
  // In turn, so that any few rows hold some of both kinds.
  const differing = half(false);
  const picked = half(true).flatMap((i, n) => (n < differing.length ? [i, differing[n]] : []));
  const pool = someJson(POOL, SEED);
  return {
    models,
    rows: picked.map((i) => pool[i]),
    answers: { 1: picked.map((i) => first[i]), 2: picked.map((i) => second[i]) },
  };
}

/** Version 1 becomes the champion. */
export async function registerContest(store: Store, name: string, { models }: Contest): Promise<void> {
  for (const model of models) await registerModel(store, name, model);
}

async function answersOf({ bytes }: TinyModel, batch: RawBatch): Promise<Answer[]> {
  const session = await openSession(bytes);
  try {
    const { labels, probabilities } = await session.predict(batch);
    return Array.from({ length: batch.rows }, (_, i) => ({
      prediction: Number(labels?.[i]) === 1,
      probability: probabilities?.[2 * i + 1] ?? NaN,
    }));
  } finally {
    await session.release();
  }
}
