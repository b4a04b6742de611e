import type { Definition } from '../config/definition.ts';
import type { ApprovalPolicy, RetrainPolicy } from '../decisions/lifecycle/policy.ts';
import type { DeployAnswer, LifecycleState, Trigger } from '../workflows/lifecycleMessages.ts';
import { planDeployment } from '../store/deploymentPlan.ts';
import type { DeploymentRow, LifecycleNote } from '../store/lifecycleTypes.ts';
import type { OrchestratorDependencies } from './dependencies.ts';

/** What the lifecycle's workflow needs to know of its definition. */
export interface LifecycleSlice {
  retrain?: RetrainPolicy;
  approvals?: ApprovalPolicy;
  /** How long a new champion is on trial; absent where nothing watches it. */
  probationMs?: number;
  /** How a version that the gate let through replaces the champion; `person`: somebody starts a rollout. */
  promote: 'rollout' | 'gate' | 'person';
  notifies: boolean;
}

interface RecordedDeployment extends DeployAnswer {
  at: string;
  slice: LifecycleSlice;
  champion?: number;
}

export function lifecycleActivities({ store, isOpen }: OrchestratorDependencies) {
  return {
    /** Keeps what was deployed, and says what it changes. Idempotent on (name, number). */
    async recordDeployment(order: Omit<DeploymentRow, 'at' | 'changes'>): Promise<RecordedDeployment> {
      const { number, definitionHash } = order;
      const definition = await store.definitions.get(definitionHash);
      const { changes, action, champion } = await planDeployment(store, definition, number);
      const { at } = await store.lifecycles.recordDeployment({ ...order, changes });
      return { number, changes, action, at, slice: sliceOf(definition), champion };
    },

    async describeLifecycle({ definitionHash }: { definitionHash: string }): Promise<LifecycleSlice> {
      return sliceOf(await store.definitions.get(definitionHash));
    },

    /** Takes a trigger up or refuses it, once: whatever dies, one trigger is one training. */
    async decideTrigger({
      name,
      trigger,
      decision,
      because,
    }: {
      name: string;
      trigger: Trigger;
      decision: 'train' | 'refused';
      because: string;
    }): Promise<{ decision: 'train' | 'refused'; run?: number }> {
      const { decision: kept, run } = await store.lifecycles.decideTrigger({
        name,
        ...trigger,
        decision,
        because,
      });
      return { decision: kept, run };
    },

    async keepState({ name, state }: { name: string; state: LifecycleState }): Promise<void> {
      await store.lifecycles.keepState(name, state.revision, { ...state });
    },

    /** In the audit, once for each key. */
    async noteLifecycle({ name, ...note }: LifecycleNote & { name: string }): Promise<void> {
      await store.lifecycles.note(name, note);
    },

    async markBad({
      name,
      version,
      reason,
      actor,
    }: {
      name: string;
      version: number;
      reason: string;
      actor: string;
    }): Promise<void> {
      await store.lifecycles.markBad(name, version, reason, actor);
    },

    /** Whether a version serves now, and why it was marked as bad, where it was. */
    async standingOf({
      name,
      version,
    }: {
      name: string;
      version: number;
    }): Promise<{ champion: boolean; bad?: string }> {
      const [champion, bad] = await Promise.all([
        store.registry.get(name),
        store.lifecycles.badVersions(name),
      ]);
      return {
        champion: champion?.version === version,
        bad: bad.find((row) => row.version === version)?.reason,
      };
    },

    /** Where the watch over this model was when it last looked, so that a new one goes on from there. */
    async lastWindow({
      name,
    }: {
      name: string;
    }): Promise<{ windows: number; to: string; healthy?: number } | undefined> {
      const windows = await store.watch.windows(name);
      const last = windows.at(0);
      // Only of the last sound window distributions are kept.
      const healthy = windows.find(({ distributionDigest }) => distributionDigest !== undefined)?.number;
      return last && { windows: last.number, to: last.to, ...(healthy === undefined ? {} : { healthy }) };
    },

    /** The database's time, ISO 8601. */
    async clock(): Promise<string> {
      return store.watch.now();
    },

    /** How a training ended that this execution of the lifecycle did not start itself; undefined while it is open. */
    async endOfTraining({
      name,
      run,
      workflowId,
    }: {
      name: string;
      run: number;
      workflowId: string;
    }): Promise<TrainingEnd | undefined> {
      const row = await store.runs.get(name, run);
      if (row && row.status !== 'running') {
        const version = row.version === undefined ? undefined : await store.registry.get(name, row.version);
        return {
          status: row.status,
          reason: row.reason ?? '',
          version: row.version,
          existing: version !== undefined && version.runNumber !== run,
          champion: version?.champion ?? false,
          undecided: (await store.runs.undecided(name, run)) !== undefined,
        };
      }
      if (await isOpen(workflowId)) return undefined;
      const reason = `${workflowId} was terminated.`;
      return { status: 'failed', reason, champion: false, undecided: false };
    },

    /** The same of a rollout. */
    async endOfRollout({
      name,
      number,
      workflowId,
    }: {
      name: string;
      number: number;
      workflowId: string;
    }): Promise<{ status: string; reason: string } | undefined> {
      const row = await store.rollouts.get(name, number);
      if (row && row.status !== 'running') return { status: row.status, reason: row.reason ?? '' };
      if (await isOpen(workflowId)) return undefined;
      return { status: 'aborted', reason: `${workflowId} was terminated.` };
    },
  };
}

export interface TrainingEnd {
  status: 'registered' | 'checks-failed' | 'gate-refused' | 'failed' | 'cancelled';
  reason: string;
  version?: number;
  /** This very model was a version before. */
  existing?: boolean;
  /** It is the champion now. */
  champion: boolean;
  /** The champion that it was compared with, where the training told so itself. */
  comparedWith?: number;
  /** No rule can judge its model, but a person. */
  undecided: boolean;
}

function sliceOf({ retrain, approvals, watch, canary, notify }: Definition): LifecycleSlice {
  const byItself = canary?.start === 'automatic' ? 'rollout' : retrain ? 'gate' : 'person';
  return {
    retrain,
    approvals,
    probationMs: watch?.probationMs,
    promote: retrain?.promote ?? byItself,
    notifies: notify !== undefined && notify.webhooks.length > 0,
  };
}
