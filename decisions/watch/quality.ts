import { plain } from '../canary/wording.ts';
import type { EstimatedQuality, RealisedQuality } from './facts.ts';
import { normalTail } from './gamma.ts';
import type { WatchPolicy } from './policy.ts';
import type { WindowVerdict } from './verdict.ts';

/** One-sided, 1 %. */
const CERTAIN = 2.33;

/**
 * Quality by labels: fell where the mean loss is above the hold-out's by more than the margin, beyond chance (one-sided,
 * both with their standard errors, as Welch has it; with 200 labels and more the normal distribution serves); below the
 * floor where the metric is worse than the declared bound by 2.33 of its standard errors.
 */
export function judgeRealised(
  realised: RealisedQuality | undefined,
  { quality }: WatchPolicy,
): { state: WindowVerdict['quality']; sentence: string } {
  if (!realised || realised.rows < quality.minLabels) return { state: 'unknown', sentence: '' };
  const { metric } = realised;
  if (metric) {
    const { atLeast, atMost } = quality;
    const [worst, best] = [metric.value - CERTAIN * metric.se, metric.value + CERTAIN * metric.se];
    const is = `${metric.name} ${plain(metric.value)} (standard error ${plain(metric.se)})`;
    const by = `by ${plain(realised.rows)} labels`;
    if (atLeast !== undefined && best < atLeast)
      return { state: 'below-floor', sentence: `${is} is certainly below ${plain(atLeast)}, ${by}.` };
    if (atMost !== undefined && worst > atMost)
      return { state: 'below-floor', sentence: `${is} is certainly above ${plain(atMost)}, ${by}.` };
  }
  const { reference } = realised;
  const error = Math.hypot(errorOf(realised), errorOf(reference));
  const p = tailBeyond(realised.mean - reference.mean - quality.margin, error);
  const facts =
    `Mean ${realised.loss === 'zeroOne' ? 'error rate' : 'absolute error'} ${plain(realised.mean)} by ${plain(realised.rows)} labels, ` +
    `${plain(reference.mean)} on the hold-out`;
  return p <= quality.alpha
    ? { state: 'fell', sentence: `${facts}: above it by more than ${plain(quality.margin)} (p ${plain(p)}).` }
    : {
        state: 'holds',
        sentence: `${facts}: not shown to be above it by more than ${plain(quality.margin)} (p ${plain(p)}).`,
      };
}

/** Quality without labels: fell where the estimate is below the hold-out's own by more than the margin, beyond chance. */
export function judgeEstimated(
  estimated: EstimatedQuality | undefined,
  { quality, minRows }: WatchPolicy,
): { state: WindowVerdict['estimated']; sentence: string } {
  if (!estimated || estimated.rows < minRows) return { state: 'unknown', sentence: '' };
  const { accuracy, se, rows, reference } = estimated;
  // The hold-out's error, from that of the window: like rows, more or fewer of them.
  const error = se * Math.sqrt(1 + rows / Math.max(1, reference.rows));
  const p = tailBeyond(reference.estimated - accuracy - quality.margin, error);
  const facts =
    `Accuracy is estimated at ${plain(accuracy)} without labels, by ${plain(rows)} rows, ` +
    `and was at ${plain(reference.estimated)} on the hold-out (really ${plain(reference.realised)})`;
  return p <= quality.alpha
    ? { state: 'fell', sentence: `${facts}: lower by more than ${plain(quality.margin)} (p ${plain(p)}).` }
    : {
        state: 'holds',
        sentence: `${facts}: not shown to be lower by more than ${plain(quality.margin)} (p ${plain(p)}).`,
      };
}

function errorOf({ sd, rows }: { sd: number; rows: number }): number {
  return rows > 0 ? sd / Math.sqrt(rows) : 0;
}

/** p of an excess over nothing. Without any spread it is certain either way. */
function tailBeyond(excess: number, error: number): number {
  if (error > 0) return normalTail(excess / error);
  return excess > 0 ? 0 : 1;
}
