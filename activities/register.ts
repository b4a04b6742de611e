import { expandSearch } from '../config/search.ts';
import type { Definition } from '../config/definition.ts';
import { PerennialError } from '../config/errors.ts';
import { canarySchema } from '../decisions/canary/policy.ts';
import type { RegisterResult, RolloutInput } from '../workflows/messages.ts';
import type { OrchestratorDependencies } from './dependencies.ts';
import { readEvaluation } from './evaluation.ts';

interface Registration {
  name: string;
  run: number;
  definitionHash: string;
  datasetDigest: string;
  candidate: number;
  modelDigest: string;
  goldenDigest: string;
  evaluationDigest: string;
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
      const { name, run, definitionHash, datasetDigest } = input;
      const definition = await store.definitions.get(definitionHash);
      const spec = expandSearch(definition.search)[input.candidate];
      const row = await store.candidates.get(name, run, input.candidate);
      const evaluation = await readEvaluation(store, input.evaluationDigest);
      if (!spec || row?.mean === undefined || row.std === undefined) {
        throw new PerennialError('INTERNAL', `Candidate ${input.candidate} of ${name}/${run} has no score.`);
      }
      const registered = await store.registry.register(
        {
          name,
          digest: input.modelDigest,
          runNumber: run,
          definitionHash,
          datasetDigest,
          signature: evaluation.signature,
          learner: spec.learner,
          params: spec.params,
          metrics: evaluation.metrics,
          cv: { metric: evaluation.selectedBy, mean: row.mean, std: row.std },
          goldenDigest: input.goldenDigest,
          evaluationDigest: input.evaluationDigest,
          code,
        },
        { promote: input.promote, actor: `training/${name}/${run}` },
      );
      return { ...registered, ...(input.managed ? {} : await plannedRollout(definition, run, registered)) };
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
      const { canary } = await store.definitions.get(row.definitionHash);
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
