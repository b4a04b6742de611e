import { readFile } from 'node:fs/promises';
import type { Golden } from './parityGolden.ts';
import { goldenBatch } from './parityGolden.ts';
import { withSession, type Answers } from './session.ts';

/** The process that a model is opened in: reads one question, answers once, ends. */
export interface Question {
  model: { path: string } | { bytes: Uint8Array };
  golden: Golden;
}

export type Reply = { answers: Answers } | { failure: string };

process.once('message', (question: Question) => {
  void answer(question)
    .catch((error: unknown): Reply => ({ failure: error instanceof Error ? error.message : String(error) }))
    .then((reply) => process.send?.(reply, () => process.disconnect()));
});

async function answer({ model, golden }: Question): Promise<Reply> {
  const bytes = 'path' in model ? await readFile(model.path) : model.bytes;
  return withSession(bytes, async (session) => ({
    answers: await session.predict(goldenBatch(golden, session.inputs)),
  }));
}
