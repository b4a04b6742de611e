import {
  allHandlersFinished,
  ApplicationFailure,
  CancellationScope,
  condition,
  isCancellation,
  ParentClosePolicy,
  setHandler,
  startChild,
  upsertMemo,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import { searchAttributes } from '../config/searchAttributes.ts';
import { judgeGate } from '../decisions/gate.ts';
import { explainNoScore } from '../decisions/search/outcome.ts';
import { chooseSimplest, oneStandardErrorFrom, type Choice } from '../decisions/simplest.ts';
import { rootMessage } from './failures.ts';
import {
  ids,
  progressQuery,
  STAGES,
  type CandidateScore,
  type FeaturizeResult,
  type SearchResult,
  type TrainingInput,
  type TrainingOutcome,
  type TrainingProgress,
  type TrainingResult,
} from './messages.ts';
import type { RolloutInput } from './rolloutMessages.ts';
import { orchestrator, orchestratorOptions, trainer, trainerOptions } from './options.ts';
import { finish, stage } from './training/marks.ts';
import { handleParallelism, searchGrid, type SearchWidth } from './training/searchGrid.ts';
import { refitWinner } from './trainer/refit.ts';
import type { rollout as rolloutWorkflow } from './rollout.ts';

/** From a definition to a registered model: ingest, validate, featurize, search, evaluate, register. */
export async function training(input: TrainingInput): Promise<TrainingResult> {
  const progress: TrainingProgress = {
    name: input.name,
    run: input.run,
    stages: STAGES.map((stage) => ({ stage, state: 'waiting' })),
  };
  setHandler(progressQuery, () => progress);
  const width = handleParallelism(progress);

  const run = { name: input.name, run: input.run, executionId: workflowInfo().firstExecutionRunId };
  const close = (
    status: Exclude<TrainingOutcome, 'registered'> | 'failed' | 'cancelled',
    reason: string,
    undecided?: TrainingResult['undecided'],
  ): Promise<void> =>
    orchestrator.closeRun.executeWithOptions(short(`Close run ${input.run}: ${status}`), [
      { ...run, status, reason, undecided },
    ]);
  await orchestrator.openRun.executeWithOptions(short(`Open run ${input.run}`), [
    {
      ...run,
      workflowId: workflowInfo().workflowId,
      definitionHash: input.definitionHash,
      managed: input.managed,
    },
  ]);
  try {
    const result = await stages(input, progress, width);
    if (result.outcome !== 'registered') {
      await close(result.outcome, result.reason, result.undecided);
    }
    finish(result.outcome, progress);
    await condition(allHandlersFinished);
    return result;
  } catch (error) {
    const status = isCancellation(error) ? 'cancelled' : 'failed';
    // Also when the workflow is cancelled, the run's row says how it ended.
    await CancellationScope.nonCancellable(() => close(status, rootMessage(error)));
    finish(status, progress);
    throw error;
  }
}

async function stages(
  input: TrainingInput,
  progress: TrainingProgress,
  width: SearchWidth,
): Promise<TrainingResult> {
  const { name, run } = input;
  const base: TrainingResult = { outcome: 'registered', name, run, reason: '' };

  const dataset = await stage('ingest', progress, async (note) => {
    const result = await trainer.ingest.executeWithOptions(long(`Ingest ${name}`), [input]);
    const { rows, columns, existing, logged } = result;
    const words: unknown[] = [`${count(rows)} rows x ${columns} columns`, existing && 'snapshot was there'];
    words.push(logged && `${count(logged.rows)} of the prediction log`);
    words.push(logged && logged.unfit > 0 && `${count(logged.unfit)} logged rows do not fit`);
    note(words.filter(Boolean).join(', '));
    return result;
  });
  const data = { ...input, datasetDigest: dataset.datasetDigest };

  const checks = await stage('validate', progress, async (note) => {
    const result = await trainer.validate.executeWithOptions(long(`Validate ${name}`), [data]);
    note(`${result.counts.pass} passed, ${result.counts.warn} warned, ${result.counts.fail} failed`);
    return result;
  });
  if (checks.verdict === 'fail') {
    const failed = checks.worst.filter((check) => check.verdict === 'fail').map((check) => check.message);
    return { ...base, outcome: 'checks-failed', reason: failed.join(' ') };
  }

  const features = await stage('featurize', progress, async (note) => {
    const result = await trainer.featurize.executeWithOptions(long(`Featurise ${name}`), [data]);
    note(
      `${result.features} features; ${count(result.sampleRows)} of ${count(result.trainRows)} training rows for the search`,
    );
    return result;
  });
  progress.metric = features.metric;

  const found = await stage('search', progress, async (note) => {
    const result = await searchGrid(input, features, progress, width);
    const choice = result.best && (await chooseByRule(input, features, result.best));
    note(`${describeSearch(result)}${choice ? `. ${choice.reason}` : ''}`);
    return { ...result, choice };
  });
  const { best, choice } = found;
  if (!best) {
    const { code, message, field, expected } = explainNoScore(found.failed, found.refusal);
    throw ApplicationFailure.create({
      type: code,
      message,
      nonRetryable: true,
      details: [{ field, value: found.refusal?.learner, expected }],
    });
  }

  const candidate = choice?.candidate ?? best.index;
  const chosen = {
    ...{ ...data, featuresDigest: features.featuresDigest, candidate },
    ...(choice ? { choice } : {}),
  };
  const evaluation = await stage('evaluate', progress, async (note) => {
    const model = await refitWinner(chosen);
    const result = await trainer.evaluate.executeWithOptions(long(`Evaluate on the hold-out`), [
      { ...chosen, ...model },
    ]);
    note(
      `hold-out ${features.metric.name} ${format(result.metrics[features.metric.name])} on ${count(result.testRows)} rows`,
    );
    return { ...model, ...result };
  });

  return stage('register', progress, async (note) => {
    const gate = judgeGate({
      metric: features.metric.name,
      better: features.metric.better,
      value: evaluation.metrics[features.metric.name],
      ...features.gate,
      champion: evaluation.champion,
      compared: evaluation.compared,
    });
    const checkParity = () =>
      trainer.checkParity.executeWithOptions(long('Compare ONNX Runtime with the learner'), [
        { name, run, modelDigest: evaluation.modelDigest, goldenDigest: evaluation.goldenDigest },
      ]);
    if (!gate.accepted) {
      note(gate.reason);
      const { reason } = gate;
      const refused = { ...base, outcome: 'gate-refused' as const, reason, digest: evaluation.modelDigest };
      if (!gate.needsPerson || !input.managed) return refused;
      // A person's yes registers it without another look at it.
      await checkParity();
      return { ...refused, undecided: { candidate } };
    }
    await checkParity();
    const registered = await orchestrator.register.executeWithOptions(
      short(`Register ${evaluation.modelDigest.slice(0, 12)}`),
      [{ ...chosen, ...evaluation, promote: gate.promote }],
    );
    upsertSearchAttributes([{ key: searchAttributes.version, value: registered.version }]);
    const { version, existing, champion, noRollout } = registered;
    upsertMemo({ version, digest: evaluation.modelDigest });
    const rolledOut = registered.rollout && (await startRollout(registered.rollout));
    const words = [`${name}@${version}${existing ? ' (was there)' : ''}`, champion ? 'champion' : undefined];
    words.push(rolledOut && `${rolledOut} started`, noRollout && `no rollout: ${noRollout}`);
    note(words.filter(Boolean).join(', '));
    const { modelDigest: digest } = evaluation;
    const comparedWith = evaluation.champion?.version;
    return {
      ...{ ...base, version, existing, champion, comparedWith, digest, reason: gate.reason },
      rollout: rolledOut,
    };
  });
}

function describeSearch({ done, full, stopped, failed, untried }: SearchResult): string {
  const words = [`${done} candidates`, full !== undefined && `${full} of them with the whole resource`];
  words.push(
    stopped !== undefined && `${stopped} of them stopped as hopeless`,
    failed > 0 && `${failed} without a score`,
    untried !== undefined && `${untried} untried, the time was over`,
  );
  return words.filter(Boolean).join(', ');
}

/** Which candidate the definition's rule takes; undefined where it takes the best. */
async function chooseByRule(
  { name, run }: TrainingInput,
  { rule, metric, folds }: FeaturizeResult,
  best: CandidateScore,
): Promise<Choice | undefined> {
  if (rule !== 'oneStandardError') return undefined;
  const bound = oneStandardErrorFrom(best, folds, metric.better);
  // A search may have more candidates than a workflow may carry, so the first that is good enough is looked up.
  const first = await orchestrator.firstCandidateWithin.executeWithOptions(
    short(`First candidate within one standard error`),
    [{ name, run, bound, better: metric.better }],
  );
  return chooseSimplest(best, first, { metric: metric.name, folds });
}

/** A child that outlives the training. @returns its workflow id */
async function startRollout(rollout: RolloutInput): Promise<string> {
  const { name, number, challengerVersion, policy } = rollout;
  const child = await startChild<typeof rolloutWorkflow>('rollout', {
    workflowId: ids.rollout(name, number),
    args: [rollout],
    parentClosePolicy: ParentClosePolicy.ABANDON,
    staticSummary: `Roll out ${name}@${challengerVersion}: ${[...policy.steps, 100].join(' %, ')} %`,
    typedSearchAttributes: [
      { key: searchAttributes.lifecycle, value: name },
      { key: searchAttributes.version, value: challengerVersion },
    ],
  });
  return child.workflowId;
}

function long(text: string): typeof trainerOptions {
  return { ...trainerOptions, summary: text };
}

function short(text: string): typeof orchestratorOptions {
  return { ...orchestratorOptions, summary: text };
}

const count = (n: number): string => String(n).replace(/\B(?=(\d{3})+$)/g, ',');
const format = (n: number | undefined): string =>
  typeof n !== 'number' || !Number.isFinite(n) ? 'undefined' : n.toPrecision(5);
