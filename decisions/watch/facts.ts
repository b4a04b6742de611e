/** What is counted of one window of predictions; a verdict is a pure function of these numbers. Plain JSON. */
export interface WindowFacts {
  /** The champion whose predictions they are. */
  version: number;
  /** ISO 8601; from included, to excluded. */
  from: string;
  to: string;
  /** Keys: a key that asked twice is one row, its first. */
  rows: number;
  /** Of these, rows that were compared. */
  compared: number;
  /** Mean rows a window of the last healthy ones, by equal length; absent where there was none. */
  usualRows?: number;
  /** Windows in a row before this one whose volume was a fault in the same direction; see lasted.ts. */
  volumeLasted?: number;
  /** Columns that were tested, ignored ones not counted; `columns` holds those with the smallest p, and every faulty one. */
  tests: number;
  columns: ColumnFacts[];
  /** The distribution of the score (binary: probability of the positive class; multiclass: of the answer; else the value). */
  prediction?: Shift;
  /** The distribution of the labels of this window, against those of the training rows. */
  label?: Shift;
  /** By labels, of rows that are older than the label horizon. */
  realised?: RealisedQuality;
  /** Without labels: it cannot see a change of what the inputs mean. */
  estimated?: EstimatedQuality;
  /** Share of rows whose inputs are farther from the training rows than 99.9 % of those are; see `outliers.ts`. */
  outliers?: number;
}

/** One distribution against that of the reference. */
export interface Shift {
  test: 'ks' | 'chi2' | 'fisher';
  /** Two-sided p-value. */
  p: number;
  /** KS distance, or total variation: 0 to 1. */
  effect: number;
  /** Reported, never judged. Absent where it has no meaning for the type. */
  psi?: number;
  jensenShannon?: number;
  wasserstein?: number;
}

export interface ColumnFacts extends Shift {
  column: string;
  /** Moves by its nature: reported, not judged. */
  ignored?: boolean;
  /** Shares of the rows, in the window and in the reference. */
  missing: number;
  referenceMissing: number;
  /** Strings: share of present values that training never saw. */
  unseen?: number;
  /** Numbers: share of present values outside [min, max] of the training rows, widened by their range's tenth. */
  outOfRange?: number;
  /**
   * Against the last healthy window, the newest one before this that had enough rows and no fault (shifted ones too, so that
   * a slow change does not add up to a sudden one): where the change is sudden, its effect is large here too, and the
   * shares that left the training rows are larger than that window's own.
   */
  sinceHealthy?: { p: number; effect: number; unseen?: number; outOfRange?: number };
  /** Windows in a row before this one in which values that training never saw were a fault here; see lasted.ts. */
  lasted?: number;
  /**
   * Numbers: deciles of this window as a straight line of those of the last healthy window (of the reference where
   * there was none), and the intercept as a share of the window's mean: a change of unit is a slope far from 1 with r2
   * close to 1 and an offset close to 0, temperatures excepted.
   */
  scale?: { slope: number; intercept: number; r2: number; offset: number };
}

export interface RealisedQuality {
  rows: number;
  /** Mean and standard deviation (ddof 1) of the loss of a row: zeroOne, or absolute error for regression. */
  loss: 'zeroOne' | 'absolute';
  mean: number;
  sd: number;
  /** The same on the hold-out at registration. */
  reference: { rows: number; mean: number; sd: number };
  /** `select.metric` on the labelled rows, with its standard error; absent where they do not determine it. */
  metric?: { name: string; better: 'higher' | 'lower'; value: number; se: number };
}

export interface EstimatedQuality {
  rows: number;
  /** Expected accuracy: mean over the rows of the calibrated probability of the answer. */
  accuracy: number;
  /** Standard error of that mean. */
  se: number;
  /** The same estimate on the hold-out, and what the accuracy there really was. */
  reference: { estimated: number; realised: number; rows: number };
}
