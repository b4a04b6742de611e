import { plain } from '../canary/wording.ts';
import type { RealisedQuality } from './facts.ts';
import type { WatchPolicy } from './policy.ts';

/** What all labels since a champion's first window say of a fall, carried from window to window. Plain JSON. */
export interface FallEvidence {
  /** Labelled rows that were weighed. */
  rows: number;
  /** Stretches of at least `quality.minLabels` of them, each weighed once. */
  stretches: number;
  /** One Shiryaev-Roberts statistic for each of `TILTS`. */
  sums: number[];
  /** Rows that are too few for a stretch yet. */
  open?: Moments;
}

type Moments = Pick<RealisedQuality, 'rows' | 'mean' | 'sd'>;

/**
 * The falls that are looked for, in standard errors of a stretch: small ones that last. A larger tilt would be quicker
 * about one bad week, after which a champion is often as good as before (docs/drift.md).
 */
const TILTS = [0.125, 0.25, 0.5];
/** The hold-out's mean is known no better than its standard error: its upper bound, one-sided, 1 %. */
const CERTAIN = 2.33;
/** A stretch counts for no more standard errors than this: the normal approximation ends somewhere. */
const MOST = 8;
/** A statistic grows to so many times the bound, so that a champion that has recovered is soon believed. */
const CEILING = 10;

/**
 * Adds a window's labelled rows. Windows with few labels are put together until there are `quality.minLabels`; so what is
 * too little in each window is not lost, and a window's length decides nothing.
 *
 * Each stretch gives an e-value for "the mean loss is at most the hold-out's, by its upper bound, and the margin": with
 * z the excess in standard errors, e = exp(t z - t^2 / 2) for each tilt t, of mean 1 at the most in large samples. They
 * are summed over all stretches at which the fall may have begun, R = (R + 1) e: the Shiryaev-Roberts e-detector of Shin,
 * Ramdas and Rinaldo (arXiv 2203.03532), and its mean over the tilts is one too.
 *
 * @param realised absent where the window has no labels, or is broken and says nothing
 */
export function addToEvidence(
  evidence: FallEvidence | undefined,
  realised: RealisedQuality | undefined,
  policy: WatchPolicy,
): FallEvidence | undefined {
  if (!realised || realised.rows === 0) return evidence;
  const before = evidence ?? { rows: 0, stretches: 0, sums: TILTS.map(() => 0) };
  const { open, ...rest } = before;
  const stretch = open ? together(open, realised) : momentsOf(realised);
  if (stretch.rows < policy.quality.minLabels) return { ...rest, open: stretch };
  const z = excessOf(stretch, realised.reference, policy);
  const most = CEILING / policy.quality.alpha;
  return {
    rows: before.rows + stretch.rows,
    stretches: before.stretches + 1,
    sums: TILTS.map((tilt, i) => Math.min(most, (before.sums[i] + 1) * Math.exp(tilt * z - tilt ** 2 / 2))),
  };
}

/**
 * Whether quality has fallen: where the evidence reaches 1 / `quality.alpha`. While there is no fall that takes 1 / alpha
 * stretches at the least, on average, and happens within n of them with probability at most n alpha.
 */
export function judgeFall(
  { rows, stretches, sums }: FallEvidence,
  { quality }: WatchPolicy,
): { fell: boolean; sentence: string } {
  const value = sums.reduce((sum, each) => sum + each, 0) / sums.length;
  const bound = 1 / quality.alpha;
  return {
    fell: value >= bound,
    sentence:
      `Evidence of a fall by ${plain(rows)} labels since its first window, in ${plain(stretches)} ` +
      `${stretches === 1 ? 'stretch' : 'stretches'}: ${plain(value)}, of ${plain(bound)} that are needed.`,
  };
}

/** In standard errors. With no more than a few errors in it a stretch's own spread says little, so the hold-out's is the least. */
function excessOf(
  { rows, mean, sd }: Moments,
  reference: RealisedQuality['reference'],
  { quality }: WatchPolicy,
): number {
  const known = reference.rows > 0 ? reference.sd / Math.sqrt(reference.rows) : 0;
  const excess = mean - reference.mean - CERTAIN * known - quality.margin;
  const error = Math.max(sd, reference.sd) / Math.sqrt(rows);
  if (error === 0) return Math.sign(excess) * MOST;
  return Math.max(-MOST, Math.min(MOST, excess / error));
}

/** Of both (Chan, Golub and LeVeque, 1983); sd with ddof 1. */
function together(a: Moments, b: Moments): Moments {
  const rows = a.rows + b.rows;
  const apart = b.mean - a.mean;
  const squares = squaresOf(a) + squaresOf(b) + (apart ** 2 * a.rows * b.rows) / rows;
  return { rows, mean: a.mean + (apart * b.rows) / rows, sd: rows > 1 ? Math.sqrt(squares / (rows - 1)) : 0 };
}

function squaresOf({ rows, sd }: Moments): number {
  return sd ** 2 * Math.max(0, rows - 1);
}

function momentsOf({ rows, mean, sd }: Moments): Moments {
  return { rows, mean, sd };
}
