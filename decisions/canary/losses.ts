import { LOSSES, type Loss } from './policy.ts';

/** What a version answered for one row: a class with its probabilities, or a value. */
export type RowAnswer =
  { label: string | number | boolean; probabilities?: Record<string, number> } | { value: number };

/** Where a log loss is cut unless the policy says otherwise: a probability of 0.000045. */
const LOG_LOSS_BOUND = 10;

/** The loss that `auto` stands for. */
export function resolveLoss(loss: Loss | 'auto', task: 'classification' | 'regression'): Loss {
  return loss === 'auto' ? (task === 'classification' ? 'zeroOne' : 'absolute') : loss;
}

/** Whether a loss has no bound of its own, so that a policy has to state one. */
export function needsBound(loss: Loss): boolean {
  return loss === 'absolute' || loss === 'squared';
}

/** The most that one row can cost: what a single wild answer may weigh. */
export function lossBound(loss: Loss, bound?: number): number {
  const own = loss === 'logLoss' ? LOG_LOSS_BOUND : loss === 'brier' ? 2 : loss === 'zeroOne' ? 1 : undefined;
  const cut = bound ?? own;
  if (cut === undefined)
    throw new RangeError(`The ${loss} loss has no bound of its own: the policy must state one.`);
  return needsBound(loss) || loss === 'logLoss' ? cut : Math.min(cut, own ?? cut);
}

/**
 * The loss of one answer against the label that came later; lower is better, 0 is perfect.
 *
 * - zeroOne: 0 or 1. - brier: sum over the classes of (p - [is the label])^2, 0 to 2. - logLoss: -ln of the label's
 * probability. - absolute, squared: in the target's unit, or its square.
 *
 * An answer that is no number (NaN) costs the bound: a version that cannot answer is not better for it.
 *
 * @param bound a row's loss is cut at this; see `lossBound`
 * @throws RangeError where the answer lacks what the loss reads, or the truth is no number for a loss of numbers
 */
export function rowLoss(
  loss: Loss,
  answer: RowAnswer,
  truth: string | number | boolean,
  bound?: number,
): number {
  const most = lossBound(loss, bound);
  const raw = rawLoss(loss, answer, truth);
  return raw < most ? raw : most;
}

function rawLoss(loss: Loss, answer: RowAnswer, truth: string | number | boolean): number {
  switch (loss) {
    case 'zeroOne':
      if (!('label' in answer))
        throw new RangeError('The zeroOne loss reads a label, and the answer has none.');
      return String(answer.label) === String(truth) ? 0 : 1;
    case 'logLoss': {
      const p = probabilitiesOf(loss, answer)[String(truth)] ?? 0;
      return p > 0 ? Math.max(0, -Math.log(p)) : Infinity; // Also where p is NaN.
    }
    case 'brier': {
      const probabilities = probabilitiesOf(loss, answer);
      const label = String(truth);
      const others = Object.entries(probabilities).reduce(
        (sum, [name, p]) => sum + (name === label ? 0 : p * p),
        0,
      );
      return others + (1 - (probabilities[label] ?? 0)) ** 2;
    }
    case 'absolute':
      return Math.abs(errorOf(loss, answer, truth));
    case 'squared':
      return errorOf(loss, answer, truth) ** 2;
    default:
      throw new RangeError(`There is no loss ${String(loss)}; there are ${LOSSES.join(', ')}.`);
  }
}

function probabilitiesOf(loss: Loss, answer: RowAnswer): Record<string, number> {
  if ('label' in answer && answer.probabilities) return answer.probabilities;
  throw new RangeError(`The ${loss} loss reads probabilities, and the answer has none.`);
}

function errorOf(loss: Loss, answer: RowAnswer, truth: string | number | boolean): number {
  const target = typeof truth === 'string' && truth.trim() !== '' ? Number(truth) : truth;
  if ('value' in answer && typeof target === 'number' && Number.isFinite(target))
    return answer.value - target;
  throw new RangeError(`The ${loss} loss reads a number and its truth, and one of them is none.`);
}
