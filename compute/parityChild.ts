import { readFile } from 'node:fs/promises';
import type { RawBatch } from '../config/raw.ts';
import type { Golden } from './parityGolden.ts';
import { goldenBatch } from './parityGolden.ts';
import { withSession, type Answers } from './session.ts';

/** The process that a model is opened in: reads one question, answers once, ends. */
export type Question = {
  model: { path: string } | { bytes: Uint8Array };
  /** The batch is answered once for each: cut into slices of so many rows. Default: once, as a session cuts it. */
  sliceRows?: number[];
} & ({ golden: Golden } | { batch: RawBatch });

export type Reply = { answers: Answers[] } | { failure: string };

process.once('message', (question: Question) => {
  void answer(question)
    .catch((error: unknown): Reply => ({ failure: error instanceof Error ? error.message : String(error) }))
    .then((reply) => process.send?.(reply, () => process.disconnect()));
});

async function answer(question: Question): Promise<Reply> {
  const { model, sliceRows = [undefined] } = question;
  const bytes = 'path' in model ? await readFile(model.path) : model.bytes;
  return withSession(bytes, async (session) => {
    const batch = 'batch' in question ? question.batch : goldenBatch(question.golden, session.inputs);
    const answers: Answers[] = [];
    for (const rows of sliceRows) answers.push(await session.predict(batch, { sliceRows: rows }));
    return { answers };
  });
}
