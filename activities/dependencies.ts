import type { Files } from './files.ts';
import type { ComputePool } from '../compute/pool.ts';
import type { RetrainPolicy } from '../decisions/lifecycle/policy.ts';
import type { Store } from '../store/types.ts';
import type { Order } from '../workflows/orderMessages.ts';
import type { RolloutOrderName } from '../workflows/rolloutMessages.ts';

/** What activities work with; made once by a worker, closed over by each stage's activities. */
export interface OrchestratorDependencies {
  store: Store;
  /** Tells whether a workflow is still open, so that a run that somebody terminated does not block the next. */
  isOpen: (workflowId: string) => Promise<boolean>;
  /** Package version, lock file digest, Node version, CPU architecture: part of every lineage. */
  code: Record<string, string>;
}

export interface TemporalDependencies {
  temporal: TemporalCalls;
}

/** What activities ask of Temporal itself. All of it may be repeated. */
export interface TemporalCalls {
  /**
   * @param given `key`: the same order given again is one order
   * @returns false where the rollout has ended, or its phase does not take the order
   */
  orderRollout(workflowId: string, order: RolloutOrderName, given: Order & { key: string }): Promise<boolean>;
  /**
   * Creates, updates or deletes the Temporal Schedule of a lifecycle's retrainings.
   *
   * @throws PerennialError INVALID_DEFINITION where the server does not take the schedule
   */
  syncSchedule(name: string, schedule: RetrainPolicy['schedule']): Promise<void>;
}

export interface TrainerDependencies {
  store: Store;
  files: Files;
  pool: ComputePool;
  /** For DuckDB, of which one instance works at a time in most stages. */
  memoryLimitBytes: number;
}
