import { cancellationSignal } from '@temporalio/activity';
import type { Answers, ModelSession } from '../compute/session.ts';
import { PerennialError } from '../config/errors.ts';
import { rawBatch, type RawBatch } from '../config/raw.ts';
import { resolveLoss, rowLoss, type RowAnswer } from '../decisions/canary/losses.ts';
import type { Pair, UnpairedRow } from '../store/rolloutTypes.ts';
import type { ModelVersionRow, Signature } from '../store/types.ts';
import type { TrainerDependencies } from './dependencies.ts';
import type { RolloutKey } from './rollout.ts';
import { keepSessions } from './sessions.ts';
import { truthOf, type Label } from './truth.ts';

interface PairsScored {
  paired: number;
  /** Says of labels that cannot be scored what is wrong with them. */
  unusable?: string;
}

/** Rows that are read, scored and recorded at a time: each time asks again which labels are still to be paired. */
const BATCH_ROWS = 5_000;
/** So long a call goes on where labels never cease to come; the next look makes another, and sees what this one found. */
const MAX_CALL_MS = 20_000;

export function pairActivities({ store }: Pick<TrainerDependencies, 'store'>) {
  const sessions = keepSessions(store.artifacts);
  return {
    /**
     * Scores labelled keys of a rollout by both versions, from the logged inputs. A call again goes on where the last
     * one ended. Labels that are no class, and inputs that a version cannot read, are counted and passed over.
     */
    async scorePairs({ name, number }: RolloutKey): Promise<PairsScored> {
      const signal = cancellationSignal();
      const rollout = await store.rollouts.get(name, number);
      const accuracy = rollout?.policy.guards.accuracy;
      if (!rollout || !accuracy) return { paired: 0 };
      const champion = await versionOf(name, rollout.championVersion);
      const challenger = await versionOf(name, rollout.challengerVersion);
      const until = performance.now() + MAX_CALL_MS;
      let paired = 0;
      let unusable = 0;
      let example: string | undefined;
      // Rows that cannot be scored stay unpaired: each batch begins behind the last one.
      let last: UnpairedRow | undefined;

      await sessions.use(champion.digest, (first) =>
        sessions.use(challenger.digest, async (second) => {
          while (performance.now() < until) {
            signal.throwIfAborted();
            const rows = await store.rollouts.unpaired(name, number, BATCH_ROWS, last);
            if (rows.length === 0) break;
            last = rows.at(-1);
            const { usable, batches, fault } = usableOf(rows, [champion.signature, challenger.signature]);
            unusable += rows.length - usable.length;
            example ??= fault;
            const losses = ({ signature }: ModelVersionRow, session: ModelSession, batch: RawBatch) =>
              lossesOf(usable, batch, signature, session, accuracy, signal);
            const [championLosses, challengerLosses] = [
              await losses(champion, first, batches[0]),
              await losses(challenger, second, batches[1]),
            ];
            const pairs = usable.map(({ key, revision }, i): Pair => ({
              key,
              revision,
              championLoss: championLosses[i],
              challengerLoss: challengerLosses[i],
            }));
            if (pairs.length > 0) await store.rollouts.recordPairs(name, number, pairs);
            paired += pairs.length;
          }
        }),
      );
      return { paired, unusable: tell(unusable, example) };
    },
  };

  async function versionOf(name: string, version: number): Promise<ModelVersionRow> {
    const row = await store.registry.get(name, version);
    if (row) return row;
    throw new PerennialError('NOT_FOUND', `There is no version ${version} of ${name}.`);
  }
}

async function lossesOf(
  rows: readonly UnpairedRow[],
  batch: RawBatch,
  signature: Signature,
  session: ModelSession,
  { loss, bound }: { loss: Parameters<typeof resolveLoss>[0]; bound?: number },
  signal: AbortSignal,
): Promise<number[]> {
  if (rows.length === 0) return [];
  const resolved = resolveLoss(loss, signature.task === 'regression' ? 'regression' : 'classification');
  const answers = await session.predict(batch, { signal });
  return rows.map(({ label }, i) =>
    // Of a class that this version does not know it can only be wrong.
    rowLoss(resolved, answerOf(answers, signature, i), truthOf(signature, label) ?? label, bound),
  );
}

/** A column that was not logged was not asked for, and is missing as it would be in a request. */
function batchOf(rows: readonly UnpairedRow[], { inputs }: Signature): RawBatch {
  return rawBatch(
    inputs,
    rows.map((row) => row.inputs),
  );
}

function answerOf(
  { labels, probabilities, prediction }: Answers,
  signature: Signature,
  row: number,
): RowAnswer {
  const { classes = [] } = signature;
  if (prediction) return { value: prediction[row] };
  if (!labels) throw new PerennialError('INTERNAL', 'The model answers neither labels nor a prediction.');
  return {
    label: classes[labels[row]],
    probabilities:
      probabilities &&
      Object.fromEntries(classes.map((name, i) => [String(name), probabilities[row * classes.length + i]])),
  };
}

/** The rows that can be scored, as a batch for each signature, and what is wrong with the first of the others. */
function usableOf(
  rows: readonly UnpairedRow[],
  signatures: readonly Signature[],
): { usable: readonly UnpairedRow[]; batches: RawBatch[]; fault?: string } {
  // All at once first: one by one they cost as much as all else that is done with them here.
  const all = read(rows, signatures);
  if (typeof all !== 'string') return { usable: rows, batches: all };
  const alone = rows.map((row) => read([row], signatures));
  const usable = rows.filter((_, i) => typeof alone[i] !== 'string');
  return {
    usable,
    batches: signatures.map((signature) => batchOf(usable, signature)),
    fault: alone.find((answer) => typeof answer === 'string'),
  };
}

/** The rows as a batch for each signature, or why they cannot be scored together. */
function read(rows: readonly UnpairedRow[], signatures: readonly Signature[]): RawBatch[] | string {
  const stranger = rows.find(({ label }) =>
    signatures.every((signature) => truthOf(signature, label) === undefined),
  );
  if (stranger) return `${JSON.stringify(stranger.label)} is ${wanted(signatures[0])}`;
  try {
    return signatures.map((signature) => batchOf(rows, signature));
  } catch (error) {
    if (error instanceof PerennialError) return error.message;
    throw error;
  }
}

function wanted({ task, classes }: Signature): string {
  return task === 'regression' ? 'no number' : `none of ${classNames(classes ?? [])}`;
}

function classNames(classes: readonly Label[]): string {
  const named = classes.slice(0, 5).map((name) => JSON.stringify(name));
  return named.join(', ') + (classes.length > named.length ? ' ...' : '');
}

const MAX_TOLD_CHARACTERS = 200;

function tell(unusable: number, example: string | undefined): string | undefined {
  if (example === undefined) return undefined;
  const keys = unusable === 1 ? '1 labelled key' : `${unusable} labelled keys`;
  return `${keys} cannot be scored, for example: ${example.slice(0, MAX_TOLD_CHARACTERS)}`;
}
