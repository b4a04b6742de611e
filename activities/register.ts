import type { Definition } from '../config/definition.ts';
import { PerennialError } from '../config/errors.ts';
import { canarySchema } from '../decisions/canary/policy.ts';
import type { RegisterResult } from '../workflows/messages.ts';
import type { RolloutInput } from '../workflows/rolloutMessages.ts';
import type { OrchestratorDependencies } from './dependencies.ts';
import { readEvaluation } from './evaluation.ts';
import { trainerCode } from './external/lineage.ts';

interface NewVersion {
  name: string;
  run: number;
  definitionHash: string;
  datasetDigest: string;
  candidate: number;
  modelDigest: string;
  goldenDigest: string;
  evaluationDigest: string;
}

interface Registration extends NewVersion {
  promote: boolean;
  /** The lifecycle starts the rollout, so that none is planned here. */
  managed?: boolean;
}

interface PlanRollout {
  name: string;
  version: number;
  /** `lifecycle/<name>`, or a person. */
  startedBy: string;
}

export function registerActivities({ store, code, isOpen }: OrchestratorDependencies) {
  return {
    /**
     * Registers the model exactly once: a digest that is a version already gives that version, with this run. Says of a
     * new version beside a champion how it is to be rolled out, where the definition asks for that.
     */
    async register(input: Registration): Promise<RegisterResult> {
      const { name, run } = input;
      const registered = await store.registry.register(await versionOf(input), {
        promote: input.promote,
        actor: `training/${name}/${run}`,
      });
      if (input.managed) return registered;
      const definition = await store.definitions.get(input.definitionHash);
      return { ...registered, ...(await plannedRollout(definition, run, registered)) };
    },

    /** Registers what a run left to a person, under that person's name, beside the champion. Idempotent on the run. */
    async registerUndecided({
      name,
      run,
      actor,
      reason,
    }: {
      name: string;
      run: number;
      actor: string;
      reason: string;
    }): Promise<{ version: number; existing: boolean }> {
      const row = await store.runs.get(name, run);
      const undecided = await store.runs.undecided(name, run);
      const golden = (await store.runs.artifacts(name, run)).find(({ role }) => role === 'golden');
      if (!undecided || !golden || !row?.modelDigest || !row.datasetDigest || !row.evaluationDigest)
        throw new PerennialError('INTERNAL', `${name}/${run} left nothing to a person.`);
      const { definitionHash, datasetDigest, modelDigest, evaluationDigest } = row;
      const version = await versionOf({
        ...{ name, run, definitionHash, datasetDigest, modelDigest, evaluationDigest },
        ...{ candidate: undecided.candidate, goldenDigest: golden.digest },
      });
      return store.registry.registerUndecided(version, { actor, reason });
    },

    /**
     * A rollout for a lifecycle to start: by the policy of the version's own definition, or by the defaults. `busy` names
     * one that is under way. Temporal records one answer, so one number is used; an answer that was lost leaves a gap,
     * which numbers have all the same where a rollout never opens. Two do not open: the table holds one running row.
     */
    async planRollout({
      name,
      version,
      startedBy,
    }: PlanRollout): Promise<{ rollout: RolloutInput } | { busy: string }> {
      const row = await store.registry.get(name, version);
      if (!row) {
        const value = `${name}@${version}`;
        throw new PerennialError('NOT_FOUND', `There is no version ${value}.`, { field: 'version', value });
      }
      const busy = await underWay(name);
      if (busy !== undefined) return { busy };
      const { definitionHash } = row;
      const canary =
        definitionHash === undefined ? undefined : (await store.definitions.get(definitionHash)).canary;
      return {
        rollout: {
          name,
          number: await store.rollouts.nextNumber(name),
          challengerVersion: version,
          policy: canary ?? canarySchema.parse({}),
          startedBy,
        },
      };
    },
  };

  async function versionOf(
    input: NewVersion,
  ): Promise<Parameters<OrchestratorDependencies['store']['registry']['register']>[0]> {
    const { name, run, definitionHash, datasetDigest, candidate, modelDigest, goldenDigest } = input;
    const { evaluationDigest } = input;
    const row = await store.candidates.get(name, run, candidate);
    const { signature, metrics, selectedBy } = await readEvaluation(store, evaluationDigest);
    if (row?.mean === undefined || row.std === undefined) {
      throw new PerennialError('INTERNAL', `Candidate ${candidate} of ${name}/${run} has no score.`);
    }
    return {
      ...{ name, digest: modelDigest, runNumber: run, definitionHash, datasetDigest, signature, metrics },
      ...{ learner: row.learner, params: row.params, goldenDigest, evaluationDigest },
      code: { ...code, ...(await trainerCode(store, name, run)) },
      cv: { metric: selectedBy, mean: row.mean, std: row.std },
    };
  }

  async function plannedRollout(
    { name, canary }: Definition,
    run: number,
    { version, existing, champion }: RegisterResult,
  ): Promise<Pick<RegisterResult, 'rollout' | 'noRollout'>> {
    if (canary?.start !== 'automatic' || existing || champion) return {};
    const busy = await underWay(name);
    if (busy !== undefined) return { noRollout: `${busy} is under way` };
    return {
      rollout: {
        name,
        number: await store.rollouts.nextNumber(name),
        challengerVersion: version,
        policy: canary,
        startedBy: `training/${name}/${run}`,
      },
    };
  }

  /** Id of the rollout that is; one whose workflow somebody terminated is not. */
  async function underWay(name: string): Promise<string | undefined> {
    const other = await store.rollouts.running(name);
    return other && (await isOpen(other.id)) ? other.id : undefined;
  }
}
