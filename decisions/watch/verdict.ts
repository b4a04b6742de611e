/** What one window says, and what the last few say together. Plain JSON. */

export interface WindowVerdict {
  /**
   * - insufficient: too few rows to say anything of shifts; faults are told all the same
   * - fault: the data is broken upstream (missing, unseen, out of range, another unit, volume); never a reason to retrain
   * - shifted: at least one distribution differs, by more than chance and by enough to matter
   * - clean: none does
   */
  state: 'insufficient' | 'fault' | 'shifted' | 'clean';
  /** Columns that differ (Benjamini-Hochberg and effect), the largest effect first; at most 20. */
  drifted: { column: string; effect: number }[];
  predictionDrifted: boolean;
  labelDrifted: boolean;
  /** By labels. `unknown`: too few of them yet. `below-floor`: certainly worse than the declared floor. */
  quality: 'unknown' | 'holds' | 'fell' | 'below-floor';
  /** Without labels. */
  estimated: 'unknown' | 'holds' | 'fell';
  faults: Fault[];
  /** One or two sentences with the numbers. */
  reason: string;
}

export interface Fault {
  kind: 'missing' | 'unseen' | 'out-of-range' | 'unit' | 'volume';
  column?: string;
  /** One sentence with the numbers. */
  message: string;
}

/** What the watch says after a window, from the windows of this champion. */
export interface WatchSignal {
  /** Drift in `atLeast` of the last `windows`. */
  drift: boolean;
  /**
   * By the evidence of all labels of this champion (fallEvidence.ts); or by `atLeast` of the last `windows` that know, where
   * these have no labels and their estimate fell, or are below the floor.
   */
  fall: boolean;
  /** Realised quality is certainly below the declared floor in the newest window that knows. */
  belowFloor: boolean;
  /** The newest window is broken. */
  fault: boolean;
  /** ISO 8601: where the champion's first window began; absent in signals of before this was told. */
  since?: string;
  /** One or two sentences with the numbers. */
  reason: string;
}
