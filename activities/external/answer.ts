import { z } from 'zod';
import { explainIssue } from '../../config/explain.ts';
import { PerennialError } from '../../config/errors.ts';
import { MEBIBYTE } from '../../config/units.ts';
import type { ArtifactStore } from '../../store/types.ts';
import { decodeTensors, type Tensor } from '../tensors.ts';

/** Somebody else's program answered something else than docs/trainers.md says. */
export class WrongAnswer extends Error {}

const digest = z.string().regex(/^[0-9a-f]{64}$/, 'must be the SHA-256 of an artifact, 64 hex digits');

/** Fields that are not known are left out: a newer trainer may say more. */
const answerSchema = z.object({
  apiVersion: z.literal(1),
  answersDigest: digest,
  modelDigest: digest.optional(),
  packages: z
    .record(z.string().min(1).max(100), z.string().max(100))
    .refine((packages) => Object.keys(packages).length <= 50, 'must name at most 50'),
  durationMs: z.number().min(0).optional(),
});
export type Answer = z.infer<typeof answerSchema>;

/** @throws WrongAnswer naming the field, the value and what would be right */
export function parseAnswer(answer: unknown): Answer {
  const parsed = answerSchema.safeParse(answer);
  if (parsed.success) return parsed.data;
  throw new WrongAnswer(`its trainer answered wrongly: ${explainIssue(parsed.error, answer).message}`);
}

/** Answers to rows are numbers of 8 bytes at most; the header of the file takes little. */
const HEADER_BYTES = MEBIBYTE;

/**
 * Reads answers to rows that a trainer put.
 *
 * @param parts how many rows each tensor is to answer, by its name
 * @param width numbers a row: probabilities of the classes, or 1
 * @returns by name [rows, width]
 * @throws WrongAnswer where the artifact is not there, or holds something else
 */
export async function readAnswers(
  artifacts: ArtifactStore,
  answersDigest: string,
  parts: Readonly<Record<string, number>>,
  width: number,
): Promise<Record<string, Float64Array>> {
  const info = await artifacts.info(answersDigest);
  if (!info) throw new WrongAnswer(`its trainer named answers that are not there: ${answersDigest}`);
  const rows = Object.values(parts).reduce((a, b) => a + b, 0);
  const most = rows * width * Float64Array.BYTES_PER_ELEMENT + HEADER_BYTES;
  if (info.bytes > most)
    throw new WrongAnswer(`its trainer gave answers of ${info.bytes} bytes, where ${most} are enough`);
  const tensors = decoded(await artifacts.get(answersDigest));
  return Object.fromEntries(
    Object.entries(parts).map(([name, wanted]) => {
      const found = Object.hasOwn(tensors, name) ? tensors[name] : undefined;
      if (
        found?.length === wanted * width &&
        (found instanceof Float64Array || found instanceof Float32Array)
      ) {
        const values = Float64Array.from(found);
        if (width > 1) refuseUnlikely(name, values, width);
        return [name, values];
      }
      throw new WrongAnswer(
        `its trainer answered ${found?.length ?? 'no'} numbers in "${name}", where ${wanted} rows of ${width} (F64 or F32) are asked for`,
      );
    }),
  );
}

/** Of float32 sums over many classes. */
const SLACK = 1e-3;

function refuseUnlikely(name: string, values: Float64Array, width: number): void {
  for (let at = 0; at < values.length; at += width) {
    const shares = values.subarray(at, at + width);
    const sum = shares.reduce((a, b) => a + b, 0);
    if (Math.abs(sum - 1) <= SLACK) continue;
    throw new WrongAnswer(
      `its trainer answered row ${at / width} of "${name}" with probabilities that sum to ${sum}, and not to 1`,
    );
  }
}

function decoded(bytes: Uint8Array): Record<string, Tensor> {
  try {
    return decodeTensors(bytes).tensors;
  } catch (cause) {
    if (cause instanceof PerennialError || cause instanceof Error)
      throw new WrongAnswer(`its trainer gave answers that are no safetensors file: ${cause.message}`);
    throw cause;
  }
}
