import { z } from 'zod';
import type { Store } from '../store/types.ts';

const importanceSchema = z.looseObject({
  column: z.string(),
  mean: z.number(),
  std: z.number(),
  interval: z.tuple([z.number(), z.number()]).optional(),
  scores: z.array(z.number()),
});

/** What the client reads of an evaluation, a JSON artifact that the evaluate stage wrote. */
const evaluationSchema = z.looseObject({
  selectedBy: z.string(),
  /** Where a rule other than the best mean chose the candidate. */
  choice: z.looseObject({ candidate: z.number(), reason: z.string() }).optional(),
  /** null where a metric is undefined on the hold-out. */
  metrics: z.record(z.string(), z.number().nullable()),
  importance: z.array(importanceSchema).optional(),
  /** Of Shapley values and partial dependence; absent in what older releases wrote. */
  explanationDigest: z.string().optional(),
  /** Digests of SVG pictures by name. */
  pictures: z.record(z.string(), z.string()),
  /** Of the HTML page that holds them all. */
  reportDigest: z.string(),
});

export type EvaluationFile = z.infer<typeof evaluationSchema>;

export async function readEvaluation(store: Store, digest: string): Promise<EvaluationFile> {
  return evaluationSchema.parse(JSON.parse(new TextDecoder().decode(await store.artifacts.get(digest))));
}
