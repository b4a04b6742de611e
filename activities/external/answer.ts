import { z } from 'zod';
import { PerennialError } from '../../config/errors.ts';
import { explainIssue } from '../../config/explain.ts';
import { findUnlikely, PROBABILITY_TOLERANCE, showShares } from '../../compute/foreign/unlikely.ts';
import { MEBIBYTE } from '../../config/units.ts';
import type { ArtifactStore } from '../../store/types.ts';
import { decodeTensors, dtypeOf, type ReadTensorFile } from '../tensors.ts';

/** Somebody else's program answered something else than docs/trainers.md says. */
export class WrongAnswer extends Error {
  /** @param message cut where somebody else's text makes it long: it travels with the leaderboard */
  constructor(message: string, options?: ErrorOptions) {
    super(message.slice(0, MAX_REASON_CHARACTERS), options);
  }
}

const MAX_REASON_CHARACTERS = 500;

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

/**
 * @param text JSON
 * @throws WrongAnswer naming the field, the value and what would be right
 */
export function parseAnswer(text: string): Answer {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch (cause) {
    const found = cause instanceof Error ? cause.message : String(cause);
    throw new WrongAnswer(`its trainer answered what is no JSON: ${found}; expected ${EXPECTED}`, { cause });
  }
  if (typeof answer !== 'object' || answer === null || Array.isArray(answer))
    throw new WrongAnswer(`its trainer answered ${text.slice(0, 80)}; expected ${EXPECTED}`);
  const parsed = answerSchema.safeParse(answer);
  if (parsed.success) return parsed.data;
  throw new WrongAnswer(`its trainer answered wrongly: ${explain(parsed.error, answer)}`);
}

function explain(error: z.ZodError, answer: unknown): string {
  try {
    return explainIssue(error, answer).message;
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    // Nested too deeply to be shown.
    return error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
  }
}

const EXPECTED = 'one object with apiVersion, answersDigest and packages';

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
  return decodeAnswers(await readPut(artifacts, answersDigest), parts, width);
}

/** The same of the artifact's bytes. */
export function decodeAnswers(
  bytes: Uint8Array,
  parts: Readonly<Record<string, number>>,
  width: number,
): Record<string, Float64Array> {
  const { tensors, shapes } = decoded(bytes);
  return Object.fromEntries(
    Object.entries(parts).map(([name, wanted]) => {
      const found = Object.hasOwn(tensors, name) ? tensors[name] : undefined;
      const fits = found !== undefined && isShape(shapes[name], wanted, width);
      if (fits && (found instanceof Float64Array || found instanceof Float32Array)) {
        const values = Float64Array.from(found);
        refuseNoAnswer(name, values, width);
        return [name, values];
      }
      const given = found ? `${dtypeOf(found)} [${shapes[name].join(', ')}]` : 'nothing';
      throw new WrongAnswer(
        `its trainer answered ${given} in "${name}"; expected F64 or F32 [${wanted}, ${width}], or as many numbers flat, row by row`,
      );
    }),
  );
}

function isShape(shape: readonly number[], rows: number, width: number): boolean {
  if (shape.length === 1) return shape[0] === rows * width;
  return shape.length === 2 && shape[0] === rows && shape[1] === width;
}

function refuseNoAnswer(name: string, values: Float64Array, width: number): void {
  if (width === 1) {
    const row = values.findIndex((value) => !Number.isFinite(value));
    if (row < 0) return;
    throw new WrongAnswer(
      `its trainer answered row ${row} of "${name}" with ${values[row]}; expected a finite number`,
    );
  }
  const unlikely = findUnlikely(values, width);
  if (!unlikely) return;
  throw new WrongAnswer(
    `its trainer answered row ${unlikely.row} of "${name}" with ${showShares(unlikely.shares)}; expected probabilities from 0 to 1 that sum to 1, within ${PROBABILITY_TOLERANCE}`,
  );
}

/**
 * What a trainer put.
 *
 * @throws WrongAnswer where its bytes are not whole, or not those of the digest
 */
export async function readPut(artifacts: ArtifactStore, digest: string): Promise<Uint8Array> {
  try {
    return await artifacts.get(digest);
  } catch (cause) {
    if (!(cause instanceof PerennialError && cause.code === 'ARTIFACT_CORRUPT')) throw cause;
    throw new WrongAnswer(`its trainer put an artifact that is damaged: ${cause.message}`, { cause });
  }
}

function decoded(bytes: Uint8Array): ReadTensorFile {
  try {
    return decodeTensors(bytes);
  } catch (cause) {
    if (!(cause instanceof Error)) throw cause;
    throw new WrongAnswer(`its trainer gave answers that are no safetensors file: ${cause.message}`, {
      cause,
    });
  }
}
