import { cancellationSignal, heartbeat } from '@temporalio/activity';
import { performance } from 'node:perf_hooks';
import { LimitExceeded } from '../compute/limits.ts';
import type { FoldScore } from '../compute/thread.ts';
import type { Definition } from '../config/definition.ts';
import { firstOfFamily } from '../config/families.ts';
import { candidatesOf } from '../config/portfolio.ts';
import { PerennialError } from '../config/errors.ts';
import type { CandidateSpec } from '../config/search.ts';
import { shelf } from '../learning/learners/shelf.ts';
import { deriveSeed } from '../learning/rng.ts';
import type { Task } from '../learning/types.ts';
import type { CandidateResult, FamilyInput } from '../workflows/messages.ts';
import { judgeFolds, keptResult, recordResult, refusalOf, type CandidateOutcome } from './candidateRow.ts';
import type { TrainerDependencies } from './dependencies.ts';
import { featureReader, problemOf } from './features.ts';
import { foldsOf } from './folds.ts';

export function trainFamilyActivities({ store, pool }: TrainerDependencies) {
  const readFeatures = featureReader(store.artifacts);

  return {
    /**
     * Cross-validates candidates of a family by what they share (see `family` of Learner). Each is recorded by itself, with
     * the scores that `trainCandidate` gives it. Run again after a crash it trains those that were not recorded.
     *
     * @returns one for each of `indices`, in their order
     */
    async trainFamily(input: FamilyInput): Promise<CandidateResult[]> {
      const { name, run, indices, definitionHash, featuresDigest } = input;
      const results = new Map<number, CandidateResult>();
      for (const kept of await Promise.all(indices.map((index) => keptResult(store, { name, run, index }))))
        if (kept) results.set(kept.index, kept);
      const missing = indices.filter((index) => !results.has(index));
      if (missing.length > 0) await train(missing);
      return indices.map((index) => resultOf(results, index));

      async function record(spec: CandidateSpec, row: CandidateOutcome): Promise<void> {
        results.set(spec.index, await recordResult(store, { name, run }, spec, row));
      }

      async function train(wanted: readonly number[]): Promise<void> {
        const definition = await store.definitions.get(definitionHash);
        const features = await readFeatures(featuresDigest);
        const candidates = candidatesOf(definition, features.facts);
        const specs: CandidateSpec[] = [];
        for (const spec of wanted.map((index) => candidates[index])) {
          const learner = spec && shelf.get(spec.learner);
          if (!learner)
            throw new PerennialError('INTERNAL', `${name}/${run} lacks one of ${wanted.join(', ')}.`);
          const reason = refusalOf(learner, spec.params, features.facts);
          if (reason === undefined) specs.push(spec);
          else await record(spec, { status: 'refused', reason });
        }
        if (specs.length === 0) return;
        const first = firstOfFamily(candidates, specs[0].index);
        if (specs.some(({ index }) => firstOfFamily(candidates, index) !== first))
          throw new PerennialError('INTERNAL', `Candidates ${wanted.join(', ')} of ${name} are no family.`);
        const started = performance.now();
        const scores = await pool.scoreFamily({
          problem: problemOf(features),
          learner: specs[0].learner,
          members: specs.map(({ params }) => params),
          seed: deriveSeed(definition.seed, 'candidate', first),
          folds: foldsOf(features, definition),
          positive: features.facts.positive,
          signal: cancellationSignal(),
          onFold: (done) => heartbeat({ folds: done }),
        });
        const durationMs = Math.round(performance.now() - started);
        for (const [i, spec] of specs.entries()) {
          const row = judgeMember(scores[i], definition.select, features.facts.task);
          await record(spec, { ...row, durationMs });
        }
      }
    },
  };
}

function judgeMember(
  scores: FoldScore[] | LimitExceeded,
  select: Definition['select'],
  task: Task,
): CandidateOutcome {
  if (scores instanceof LimitExceeded) return { status: 'out-of-memory', reason: scores.message };
  const refused = scores.find((score) => 'refusal' in score);
  if (refused) return { status: 'refused', reason: refused.refusal };
  const metrics = scores.flatMap((score) => ('metrics' in score ? [score.metrics] : []));
  return judgeFolds(metrics, select, task);
}

function resultOf(results: ReadonlyMap<number, CandidateResult>, index: number): CandidateResult {
  const result = results.get(index);
  if (!result) throw new PerennialError('INTERNAL', `Candidate ${index} was not trained with its family.`);
  return result;
}
