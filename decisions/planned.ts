import type { Check } from './checks.ts';

/** Checks that no definition needs to ask for. */
export type ImpliedCheck =
  /** Every row has a finite target, with two values or classes at least, and two rows of each class. */
  | {
      kind: 'target';
      column: string;
      task: 'auto' | 'binary' | 'multiclass' | 'regression';
      severity: 'fail';
    }
  /** Training and hold-out both have rows, and the hold-out no class that training lacks. */
  | { kind: 'split'; severity: 'fail' }
  /** Columns that are learned from hold at least one value. */
  | { kind: 'empty'; columns: string[]; severity: 'fail' }
  /** Columns that are learned from hold no infinity. */
  | { kind: 'finite'; columns: string[]; severity: 'fail' }
  /** Rows that are equal in every column. */
  | { kind: 'duplicates'; severity: 'warn' };

export type PlannedCheck = Check | ImpliedCheck;

export interface PlanContext {
  target: string;
  task: 'auto' | 'binary' | 'multiclass' | 'regression';
  key?: string[];
  time?: string;
  /** Columns that are learned from. */
  inputs: string[];
}

/**
 * What is checked: the definition's own checks, then those that it implies. A declared check of the same kind (of the
 * same columns, for `unique`) takes the place of the implied one, so a person can soften it to a warning.
 */
export function planChecks(declared: readonly Check[], context: PlanContext): PlannedCheck[] {
  const { target, task, key, time, inputs } = context;
  const has = (kind: Check['kind']) => declared.some((check) => check.kind === kind);
  const plan: PlannedCheck[] = [...declared];
  if (!has('rows')) plan.push({ kind: 'rows', min: 1, severity: 'fail' });
  plan.push({ kind: 'target', column: target, task, severity: 'fail' });
  plan.push({ kind: 'split', severity: 'fail' });
  plan.push({ kind: 'empty', columns: inputs, severity: 'fail' });
  plan.push({ kind: 'finite', columns: inputs, severity: 'fail' });
  if (key) {
    // One thing may have a row at each of several times.
    const identity = [...new Set(time === undefined ? key : [...key, time])];
    const covered = declared.some(
      (c) => c.kind === 'unique' && (sameSet(c.columns, identity) || sameSet(c.columns, key)),
    );
    if (!covered) plan.push({ kind: 'unique', columns: identity, severity: 'fail' });
  }
  if (!has('schema')) plan.push({ kind: 'schema', severity: 'fail' });
  if (!has('leakage')) plan.push({ kind: 'leakage', maxShare: 0, severity: 'warn' });
  plan.push({ kind: 'duplicates', severity: 'warn' });
  return plan;
}

function sameSet(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name) => b.includes(name));
}
