import type { Task } from '../types.ts';

/** The metrics that a definition may select by, in the field's words; which way is better, and for which tasks. */
export const METRICS = {
  accuracy: { better: 'higher', tasks: ['binary', 'multiclass'], title: 'Accuracy' },
  balancedAccuracy: { better: 'higher', tasks: ['binary', 'multiclass'], title: 'Balanced accuracy' },
  /** Multiclass: one-vs-rest, macro average. */
  rocAuc: { better: 'higher', tasks: ['binary', 'multiclass'], title: 'ROC AUC' },
  /** Average precision, of the positive class or macro average. */
  prAuc: { better: 'higher', tasks: ['binary', 'multiclass'], title: 'PR AUC' },
  /** Of the positive class, or macro average. */
  f1: { better: 'higher', tasks: ['binary', 'multiclass'], title: 'F1' },
  logLoss: { better: 'lower', tasks: ['binary', 'multiclass'], title: 'Log loss' },
  /** Binary: mean squared error of the positive probability. Multiclass: sum over classes. */
  brier: { better: 'lower', tasks: ['binary', 'multiclass'], title: 'Brier score' },
  r2: { better: 'higher', tasks: ['regression'], title: 'R²' },
  mae: { better: 'lower', tasks: ['regression'], title: 'Mean absolute error' },
  rmse: { better: 'lower', tasks: ['regression'], title: 'Root mean squared error' },
} as const satisfies Record<string, { better: 'higher' | 'lower'; tasks: readonly Task[]; title: string }>;

export type MetricName = keyof typeof METRICS;
export const METRIC_NAMES = Object.keys(METRICS) as [MetricName, ...MetricName[]];

/** The metric that `select.metric: auto` stands for. */
export function defaultMetric(task: Task): MetricName {
  return task === 'binary' ? 'rocAuc' : task === 'multiclass' ? 'accuracy' : 'rmse';
}
