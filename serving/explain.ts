import { explainRow } from '../compute/explainer.ts';
import type { Answers } from '../compute/session.ts';
import { takeTurns } from '../compute/turns.ts';
import { PerennialError } from '../config/errors.ts';
import type { RawBatch } from '../config/raw.ts';
import type { ModelVersionRow } from '../store/types.ts';
import type { Explainers } from './explainers.ts';
import { explainSampled } from './explainSampled.ts';
import { listed, type Explanation } from './explanation.ts';
import type { GoldenRows } from './golden.ts';
import { pickRows } from './rows.ts';

/** Rows of one version that are to be explained. */
export interface Question {
  model: ModelVersionRow;
  batch: RawBatch;
  /** Of the batch, in the order of the answers. */
  rows: readonly number[];
  answers: Answers;
}

export type Explain = (questions: readonly Question[], signal: AbortSignal) => Promise<Explanation[][]>;

/**
 * Explains what was answered: exactly by a version's trees or weights where it has some, else by asking it. One request
 * at a time, in slices of some milliseconds, and for MAX_MS at the most with the waiting, so that whoever asks for
 * explanations without end holds up nobody's predictions for long.
 *
 * @throws PerennialError DEADLINE_EXCEEDED, CANCELLED
 */
export function explainInTurn(parts: {
  explainers: Explainers;
  golden: GoldenRows;
  /** Asks a version past the log and the counts. */
  score: (model: ModelVersionRow, batch: RawBatch, signal: AbortSignal) => Promise<Answers>;
  maxMs?: number;
}): Explain {
  const { explainers, golden, score, maxMs = MAX_MS } = parts;
  const turn = takeTurns(1);

  function explainOne({ model, batch, rows, answers }: Question, signal: AbortSignal) {
    return explainers.use(model, async (explainer) => {
      if (!explainer) {
        const predict = async (mixtures: RawBatch): Promise<Answers> => {
          signal.throwIfAborted();
          return score(model, mixtures, signal);
        };
        return explainSampled(model, batch, rows, answers, await golden(model), predict);
      }
      const { signature } = model;
      const features = await explainer.encode(pickRows(batch, rows));
      const explanations: Explanation[] = [];
      for (const [i, row] of rows.entries()) {
        const target =
          signature.task === 'multiclass' ? (answers.labels?.[i] ?? 0) : (signature.positive ?? 1);
        const one = explainer.of(target);
        const contributions = await explainRow(one, features, i, () => signal.throwIfAborted());
        explanations.push({
          method: one.model.trees.length > 0 ? 'treeShap' : 'linearShap',
          explained: one.model.explained,
          score: one.score(features, i * one.model.origins.length)[0],
          of: signature.classes?.[target],
          base: one.base[0],
          contributions: listed(signature, batch, row, contributions),
        });
      }
      return explanations;
    });
  }

  return async (questions, signal) => {
    const timeout = AbortSignal.timeout(maxMs);
    const either = AbortSignal.any([signal, timeout]);
    try {
      return await turn(async () => {
        const all: Explanation[][] = [];
        for (const question of questions) all.push(await explainOne(question, either));
        return all;
      }, either);
    } catch (error) {
      if (signal.aborted)
        throw new PerennialError('CANCELLED', 'The caller waits no longer.', { cause: signal.reason });
      if (!timeout.aborted) throw error;
      throw new PerennialError(
        'DEADLINE_EXCEEDED',
        `The explanations were not computed within ${maxMs} ms.`,
        {
          field: 'explain',
          expected: 'fewer rows, or fewer requests for explanations at the same time',
        },
      );
    }
  };
}

/** The answer itself has 30 s. */
const MAX_MS = 20_000;
