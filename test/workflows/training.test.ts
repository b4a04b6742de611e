import { WorkflowNotFoundError } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readEvaluation } from '../../activities/evaluation.ts';
import { baselineForest, csv, forest, logistic, mebibytes, ridge, rows, tree } from '../../config/define.ts';
import { summaryText } from '../../client/terminal/summaryText.ts';
import { openTerminal } from '../../client/terminal/terminal.ts';
import type { TrainingHandle } from '../../client/trainingHandle.ts';
import type { Definition } from '../../config/definition.ts';
import { searchAttributes } from '../../config/searchAttributes.ts';
import { Random } from '../../learning/rng.ts';
import { ids } from '../../workflows/messages.ts';
import { openBench, type Bench } from './bench.ts';
import { smallCsv } from './data.ts';
import { LONG_SEARCH, small } from './definitions.ts';

/** How a training ends, what it leaves behind, and what people see of it and do to it meanwhile. */

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

describe('a training ends', () => {
  test('registered, and the same again gives that version and a new run', async () => {
    const definition = small(bench, { name: 'twice' });
    const first = await (await bench.client.train(definition)).result();
    expect(first).toMatchObject({ outcome: 'registered', version: 1, existing: false, champion: true });
    const second = await (await bench.client.train(definition)).result();
    expect(second).toMatchObject({ outcome: 'registered', run: 2, version: 1, existing: true });
    expect(second.digest).toBe(first.digest);
    expect(await bench.store.registry.list('twice')).toHaveLength(1);
    expect((await bench.store.runs.list('twice')).map(({ version }) => version)).toEqual([1, 1]);
  });

  test('checks-failed, with the report kept and nothing computed after it', async () => {
    const { name, run, ...handle } = await bench.client.train(
      small(bench, { name: 'too-few', checks: [rows({ min: 5_000 })] }),
    );
    const result = await handle.result();
    expect(result).toMatchObject({
      outcome: 'checks-failed',
      reason: expect.stringMatching(/400.*5,?000/) as string,
    });
    expect(result.version).toBeUndefined();
    const details = await bench.client.run(name, run);
    expect(details.run).toMatchObject({ status: 'checks-failed', reason: result.reason });
    expect(details.run.featuresDigest).toBeUndefined();
    expect(details.checks.find(({ kind }) => kind === 'rows')).toMatchObject({
      verdict: 'fail',
      measurement: { value: 400 },
    });
    expect(details.checks.length).toBeGreaterThan(1);
    await expectNothingRegistered(name);
  });

  test('gate-refused where the model is not good enough, with the model and its report kept', async () => {
    const { name, run, ...handle } = await bench.client.train(
      small(bench, { name: 'too-weak', select: { folds: 2, atLeast: 0.9999 } }),
    );
    const result = await handle.result();
    expect(result).toMatchObject({
      outcome: 'gate-refused',
      reason: expect.stringContaining('0.9999') as string,
    });
    const details = await bench.client.run(name, run);
    expect(details.run).toMatchObject({ status: 'gate-refused', modelDigest: result.digest });
    expect(await bench.store.artifacts.info(details.run.modelDigest as string)).toBeDefined();
    await expectNothingRegistered(name);
  });

  test('gate-refused where the champion is better on the same hold-out; registered where the loss is tolerated', async () => {
    const name = 'champion';
    const good = await (await bench.client.train(small(bench, { name }))).result();
    expect(good).toMatchObject({ outcome: 'registered', version: 1, champion: true });

    const worse = { name, search: [tree({ maxDepth: 1, minLeaf: 100 })] };
    const refused = await (await bench.client.train(small(bench, worse))).result();
    expect(refused).toMatchObject({ outcome: 'gate-refused' });
    expect(refused.reason).toMatch(/champion/i);
    expect((await bench.client.model(name)).version).toBe(1);

    const tolerant = small(bench, { ...worse, select: { folds: 2, tolerance: 0.5 } });
    const accepted = await (await bench.client.train(tolerant)).result();
    expect(accepted).toMatchObject({ outcome: 'registered', version: 2 });
  });
});

test('a column that is gone fails the schema of the same query; another query has a schema of its own', async () => {
  const name = 'schema';
  const definition = (source: string, dataset: string) =>
    small(bench, {
      name,
      sources: { parcels: csv(bench.write(source, source === 'whole.csv' ? smallCsv() : withoutColour())) },
      dataset,
    });
  const all = 'SELECT * EXCLUDE (grade, cost) FROM parcels';
  const train = async (source: string, dataset: string) =>
    (await bench.client.train(definition(source, dataset))).result();
  expect(await train('whole.csv', all)).toMatchObject({ outcome: 'registered', version: 1 });
  expect(await train('less.csv', all)).toMatchObject({
    outcome: 'checks-failed',
    reason: expect.stringContaining('colour') as string,
  });
  // The champion reads a column that is not there, so the two cannot be compared; but the schema stands in nobody's way.
  expect(await train('less.csv', 'SELECT id, size, late FROM parcels')).toMatchObject({
    outcome: 'gate-refused',
    reason: expect.stringContaining('cannot be compared') as string,
  });
});

function withoutColour(): string {
  return smallCsv()
    .trim()
    .split('\n')
    .map((line) => line.split(',').toSpliced(2, 1).join(','))
    .join('\n');
}

describe('a training learns', () => {
  test.each([
    { name: 'multiclass', target: 'grade', search: [tree({ maxDepth: 3 })], task: 'multiclass' },
    { name: 'regression', target: 'cost', search: [ridge(), tree({ maxDepth: 3 })], task: 'regression' },
  ])('a $task target', async ({ name, target, search, task }) => {
    const definition = small(bench, {
      name,
      dataset: `SELECT id, size, colour, ${target} FROM parcels`,
      target,
      search,
    });
    const result = await (await bench.client.train(definition)).result();
    expect(result).toMatchObject({ outcome: 'registered', version: 1 });
    const model = await bench.client.model(name);
    expect(model.signature).toMatchObject({ task, target });
    expect(model.signature.classes).toEqual(task === 'multiclass' ? ['high', 'low', 'middle'] : undefined);
    if (task === 'regression') expect(model.metrics.r2).toBeGreaterThan(0.9);
    else expect(model.metrics.accuracy).toBeGreaterThan(0.6);
  });

  test.each([
    ['time', { kind: 'time' as const, gapMs: 3_600_000 }],
    ['group', { kind: 'group' as const, column: 'depot' }],
  ])('and is not told by folds of one %s what it could not have known', async (kind, cv) => {
    // Whether parcels are late is drawn for each depot, and depots open one after the other: all that can be learned
    // is which depot it was.
    const random = new Random(11);
    const depots = Array.from({ length: 60 }, () => random.below(2));
    const lines = Array.from({ length: 600 }, (_, id) => {
      const depot = Math.floor(id / 10);
      const seen = new Date(Date.UTC(2026, 0, 1 + depot, id % 10)).toISOString();
      return `${id},${depot},d${depot},${seen},${depots[depot] === 1 ? 'yes' : 'no'}`;
    });
    const definition = {
      dataset: 'SELECT id, size, depot, seen, late FROM parcels',
      time: 'seen',
      features: [{ kind: 'passthrough' as const, columns: ['size'] }],
      search: [tree({ maxDepth: 20 })],
    };
    const scoreOf = async (name: string, select: Definition['select']['cv']) => {
      const source = csv(bench.write(`${name}-depots.csv`, `id,size,depot,seen,late\n${lines.join('\n')}\n`));
      const more = { ...definition, name, sources: { parcels: source } };
      const handle = await bench.client.train(
        small(bench, { ...more, select: { metric: 'accuracy', folds: 4, cv: select } }),
      );
      expect(await handle.result()).toMatchObject({ outcome: 'registered' });
      const [candidate] = (await bench.client.run(name, handle.run)).candidates;
      expect(candidate.folds).toHaveLength(4);
      return candidate.mean;
    };
    const dealt = await scoreOf(`dealt-${kind}`, undefined);
    const kept = await scoreOf(`kept-${kind}`, cv);
    expect(dealt).toBeGreaterThan(0.9);
    expect(kept).toBeLessThan(0.75);
  });

  test('nothing where a metric to be reported beside does not fit what the target turned out to be', async () => {
    const handle = await bench.client.train(
      small(bench, { name: 'misfit', select: { folds: 2, also: ['rmse'] } }),
    );
    await expect(handle.result()).rejects.toMatchObject({
      code: 'INVALID_DEFINITION',
      field: 'select.also[0]',
    });
  });

  test('by the simplest candidate within one standard error of the best, and says which, beside the best, and why', async () => {
    const definition = small(bench, {
      name: 'simplest',
      search: [logistic({ l2: [100, 30, 10, 3, 1, 0.3, 0.1, 0.01] })],
      select: { metric: 'logLoss', folds: 5, rule: 'oneStandardError', also: ['accuracy', 'rocAuc'] },
    });
    const { name, run, ...handle } = await bench.client.train(definition);
    const result = await handle.result();
    expect(result).toMatchObject({ outcome: 'registered' });
    const { candidates, run: row } = await bench.client.run(name, run);
    const means = candidates.map(({ mean = NaN }) => mean);
    const best = means.indexOf(Math.min(...means));
    const bound = means[best] + (candidates[best].std ?? NaN) / Math.sqrt(4);
    const chosen = means.findIndex((mean) => mean <= bound);
    expect(chosen).toBeLessThan(best); // Else this would show nothing.

    const summary = await bench.client.summary(name, run);
    expect(summary).toMatchObject({
      best: { params: candidates[best].params },
      chosen: {
        params: candidates[chosen].params,
        reason: expect.stringContaining('one standard error') as string,
      },
      metric: { cv: means[chosen] },
      digest: result.digest,
    });
    expect(summary.leaderboard[0]).not.toHaveProperty('chosen');
    expect(summary.leaderboard.filter((row) => row.chosen).map(({ params }) => params)).toEqual([
      candidates[chosen].params,
    ]);
    const model = await bench.client.model(name);
    expect(model.params).toMatchObject(candidates[chosen].params);
    const { stages } = await handle.progress();
    expect(stages.find(({ stage }) => stage === 'search')?.note).toContain(summary.chosen?.reason);
    // Standard errors, and metrics that decide nothing, stand beside.
    expect(summary.leaderboard[0].standardError).toBeCloseTo((candidates[best].std ?? NaN) / 2, 15);
    const accuracies = candidates[best].folds?.map((fold) => fold.accuracy) ?? [];
    expect(Object.keys(summary.leaderboard[0].also ?? {})).toEqual(['accuracy', 'rocAuc']);
    expect(summary.leaderboard[0].also?.accuracy?.mean).toBeCloseTo(
      accuracies.reduce((a, b) => a + b, 0) / 5,
      15,
    );
    const text = summaryText(summary, openTerminal({ json: true }).colors);
    expect(text).toContain('accuracy ± standard error');
    expect(text).toContain(`★ ${summary.chosen?.reason}`);
    const { reportDigest } = await readEvaluation(bench.store, row.evaluationDigest as string);
    expect(new TextDecoder().decode(await bench.store.artifacts.get(reportDigest))).toContain(
      summary.chosen?.reason,
    );
  });

  test('with the candidates that a learner takes: one that refuses ends no search', async () => {
    const definition = tooManyForTheBaseline('one-refuses', [tree({ maxDepth: 2 }), baselineForest()]);
    const { name, run, ...handle } = await bench.client.train(definition);
    expect(await handle.result()).toMatchObject({ outcome: 'registered', version: 1 });
    expect((await handle.progress()).candidates).toMatchObject({ total: 2, done: 1, failed: 1 });
    expect(await bench.client.summary(name, run)).toMatchObject({
      best: { algorithm: 'tree' },
      refused: [{ algorithm: 'baselineForest', reason: expect.stringContaining('2000') as string }],
    });
  });

  test('nothing where every learner refuses, and says why', async () => {
    const definition = tooManyForTheBaseline('all-refuse', [baselineForest({ trees: [5, 10] })]);
    const { name, run, ...handle } = await bench.client.train(definition);
    await expect(handle.result()).rejects.toMatchObject({
      code: 'LEARNER_REFUSED',
      message: expect.stringMatching(/All 2 candidates.*at most 2000 rows/) as string,
    });
    expect((await bench.client.run(name, run)).run).toMatchObject({
      status: 'failed',
      reason: expect.stringContaining('at most 2000 rows') as string,
    });
    await expectNothingRegistered(name);
  });

  test('with the candidates that end in time: one that takes longer than it may ends no search', async () => {
    const definition = small(bench, {
      name: 'one-is-late',
      // Minutes of work for the one, and milliseconds for the other, which may have to wait for threads to start.
      sources: { parcels: csv(bench.write('many.csv', smallCsv({ rows: 100_000 }))) },
      search: [tree({ maxDepth: 2 }), forest({ trees: 1000 })],
      select: { folds: 20 },
      parallelism: 1,
      budget: { candidateMs: 8_000 },
    });
    const { name, run, ...handle } = await bench.client.train(definition);
    expect(await handle.result()).toMatchObject({ outcome: 'registered', version: 1 });
    expect((await handle.progress()).candidates).toMatchObject({ total: 2, done: 1, failed: 1 });
    const late = { outcome: 'timed-out', reason: 'not done within 8000 ms (budget.candidateMs)' };
    const summary = await bench.client.summary(name, run);
    expect(summary).toMatchObject({
      best: { algorithm: 'tree' },
      refused: [{ algorithm: 'forest', ...late }],
    });
    expect(summaryText(summary, openTerminal({ json: true }).colors)).toContain('timed-out: forest');
  });

  test('nothing where every candidate takes longer than it may, or more memory, and says which', async () => {
    const definition = small(bench, {
      name: 'all-are-late',
      search: [forest({ trees: 1000, minLeaf: [1, 2] })],
      select: { folds: 20 },
      budget: { candidateMs: 20, candidateBytes: mebibytes(1024) },
    });
    const { name, run, ...handle } = await bench.client.train(definition);
    await expect(handle.result()).rejects.toMatchObject({
      code: 'BUDGET_EXCEEDED',
      message: expect.stringMatching(
        /None of the 2 candidates.*forest: not done within 20 ms \(budget\.candidateMs\)/,
      ) as string,
    });
    expect((await bench.client.run(name, run)).candidates.map(({ status }) => status)).toEqual([
      'timed-out',
      'timed-out',
    ]);
    await expectNothingRegistered(name);
  });

  function tooManyForTheBaseline(name: string, search: ReturnType<typeof tree>[]) {
    const source = csv(bench.write(`${name}-large.csv`, smallCsv({ rows: 3_000 })));
    return small(bench, { name, sources: { parcels: source }, search });
  }
});

describe('while a training is under way', () => {
  test('its width is changed within 1 and 64, and every other number is refused', async () => {
    const handle = await bench.client.train(small(bench, { name: 'width', ...LONG_SEARCH, parallelism: 1 }));
    for (const wrong of [0, 65, 1.5, -1, NaN]) {
      await expect(handle.setParallelism(wrong)).rejects.toMatchObject({
        code: 'INVALID_INPUT',
        field: 'parallelism',
        message: expect.stringContaining('a whole number from 1 to 64') as string,
      });
    }
    await untilSearching(handle);
    expect((await handle.progress()).candidates).toMatchObject({ parallelism: 1 });
    expect(await handle.setParallelism(3)).toBe(3);
    await expect.poll(async () => openCandidates('width', 1), { timeout: 30_000 }).toBe(3);
    expect((await handle.progress()).candidates).toMatchObject({ parallelism: 3 });
    await end(handle);
  });

  test('cancelling it closes the run and its candidates, and registers nothing', async () => {
    const handle = await bench.client.train(small(bench, { name: 'cancelled', ...LONG_SEARCH }));
    await untilSearching(handle);
    await end(handle);
    expect((await bench.client.run('cancelled', 1)).run).toMatchObject({ status: 'cancelled' });
    const candidates = await startedCandidates('cancelled', 1);
    for (const id of [ids.search('cancelled', 1), candidates.at(-1)]) {
      await expect
        .poll(async () => (await bench.temporal.workflow.getHandle(id).describe()).status.name, {
          timeout: 30_000,
        })
        .toBe('CANCELLED');
    }
    await expectNothingRegistered('cancelled');
  });

  test('a second run of the same name is refused, by its definition or by its first step', async () => {
    const definition = small(bench, { name: 'once', ...LONG_SEARCH });
    const handle = await bench.client.train(definition);
    await untilSearching(handle);
    const refusal = {
      code: 'RUN_IN_PROGRESS',
      message: expect.stringContaining('training/once/1') as string,
    };
    await expect(bench.client.train(definition)).rejects.toMatchObject(refusal);

    // Past the client's own look: two clients that look at the same time.
    const run = await bench.store.runs.nextNumber('once');
    const { definitionHash } = (await bench.client.run('once', 1)).run;
    await bench.temporal.workflow.start('training', {
      workflowId: ids.training('once', run),
      taskQueue: 'perennial-orchestrator',
      args: [{ name: 'once', run, definitionHash, baseDirectory: '/' }],
    });
    const other = await bench.client.attach('once', run);
    await expect(other.result()).rejects.toMatchObject(refusal);
    expect((await bench.store.runs.list('once')).map(({ number }) => number)).toEqual([1]);
    expect((await bench.client.run('once', 1)).run.status).toBe('running');
    await end(handle);
  });

  test('a run that somebody terminated does not block the next, and its row is closed', async () => {
    const handle = await bench.client.train(small(bench, { name: 'ended', ...LONG_SEARCH }));
    await untilSearching(handle);
    await bench.temporal.workflow.getHandle(handle.workflowId).terminate('by a test');
    await expect(handle.result()).rejects.toMatchObject({ code: 'CANCELLED' });

    const next = await bench.client.train(small(bench, { name: 'ended' }));
    expect(await next.result()).toMatchObject({ outcome: 'registered', run: next.run });
    expect((await bench.client.run('ended', 1)).run).toMatchObject({
      status: 'failed',
      reason: expect.stringContaining('terminated') as string,
    });
  });
});

describe('the Temporal Web UI shows', () => {
  test('every stage by name, where the run stands, and what came out', async () => {
    const { name, run, workflowId, ...handle } = await bench.client.train(small(bench, { name: 'shown' }));
    await handle.result();
    const description = await bench.temporal.workflow.getHandle(workflowId).describe();
    const attribute = (key: keyof typeof searchAttributes): unknown =>
      description.typedSearchAttributes.get(searchAttributes[key]);
    expect(attribute('lifecycle')).toBe(name);
    expect(attribute('run')).toBe(run);
    expect(attribute('stage')).toBe('register');
    expect(attribute('outcome')).toBe('registered');
    expect(attribute('version')).toBe(1);
    expect(description.memo).toMatchObject({ version: 1, target: 'late' });
    expect(await description.staticSummary()).toBe('Train shown, run 1');
    expect(await description.staticDetails()).toContain('Predicts `late` from `parcels` (csv)');

    const details = await currentDetails(workflowId);
    for (const stage of ['ingest', 'validate', 'featurize', 'search', 'evaluate', 'register'])
      expect(details).toMatch(new RegExp(`✔ \\| ${stage} \\| .+`));
    expect(details).toContain('Candidates: 3 of 3');
    expect(details).toMatch(/Best: \*\*(tree|logistic)\*\*/);

    const summaries = await summariesOf(workflowId);
    expect(summaries).toEqual([
      expect.stringMatching(/open run/i),
      'Ingest shown',
      'Validate shown',
      'Featurise shown',
      'Search of shown: 3 candidates, 2 folds',
      expect.stringMatching(/^Refit candidate \d$/),
      'Evaluate on the hold-out',
      'Compare ONNX Runtime with the learner',
      expect.stringMatching(/register/i),
    ]);
    expect(await summariesOf(ids.candidate(name, run, 0))).toEqual(['Cross-validate candidate 0']);
    expect(await currentDetails(ids.candidate(name, run, 0))).toMatch(/\*\*tree\*\*.*score 0\.\d{5}/s);
  });

  test('runs and candidates to those who look for them by search attribute', async () => {
    const handle = await bench.client.train(small(bench, { name: 'found' }));
    await handle.result();
    const listed = async (query: string): Promise<string[]> => {
      const found: string[] = [];
      for await (const { workflowId } of bench.temporal.workflow.list({ query })) found.push(workflowId);
      return found.sort();
    };
    await expect
      .poll(() => listed(`PerennialLifecycle = 'found' AND PerennialOutcome = 'registered'`))
      .toEqual([handle.workflowId]);
    await expect
      .poll(() =>
        listed(`PerennialLifecycle = 'found' AND PerennialLearner = 'tree' AND PerennialScore > 0.5`),
      )
      .toEqual([ids.candidate('found', 1, 0), ids.candidate('found', 1, 1)]);
  });
});

async function expectNothingRegistered(name: string): Promise<void> {
  expect(await bench.store.registry.list(name)).toEqual([]);
  expect(await bench.store.routes.get(name)).toBeUndefined();
  expect(await bench.store.orphans()).toEqual([]);
}

/** Until a candidate is under way. */
async function untilSearching(handle: TrainingHandle): Promise<void> {
  const deadline = performance.now() + 30_000;
  for (;;) {
    const progress = await handle.progress();
    if (progress.candidates && (await openCandidates(handle.name, handle.run)) > 0) return;
    if (performance.now() > deadline) throw new Error(`No search: ${JSON.stringify(progress)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function end(handle: { cancel(): Promise<void>; result(): Promise<unknown> }): Promise<void> {
  await handle.cancel();
  await expect(handle.result()).rejects.toMatchObject({ code: 'CANCELLED' });
}

/** Candidates whose workflow is open; none where the search itself is still to begin. */
async function openCandidates(name: string, run: number): Promise<number> {
  try {
    const { raw } = await bench.temporal.workflow.getHandle(ids.search(name, run)).describe();
    return raw.pendingChildren?.length ?? 0;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return 0;
    throw error;
  }
}

async function startedCandidates(name: string, run: number): Promise<string[]> {
  const { events } = await bench.temporal.workflow.getHandle(ids.search(name, run)).fetchHistory();
  return (events ?? []).flatMap(
    (event) => event.childWorkflowExecutionStartedEventAttributes?.workflowExecution?.workflowId ?? [],
  );
}

async function currentDetails(workflowId: string): Promise<string> {
  const handle = bench.temporal.workflow.getHandle(workflowId);
  const metadata = await handle.query<{ currentDetails?: string }>('__temporal_workflow_metadata');
  return metadata.currentDetails ?? '';
}

/** What stands beside each step of the history. */
async function summariesOf(workflowId: string): Promise<string[]> {
  const { events } = await bench.temporal.workflow.getHandle(workflowId).fetchHistory();
  return (events ?? [])
    .filter(
      (event) =>
        event.activityTaskScheduledEventAttributes ??
        event.startChildWorkflowExecutionInitiatedEventAttributes,
    )
    .map(({ userMetadata }) =>
      userMetadata?.summary ? defaultPayloadConverter.fromPayload<string>(userMetadata.summary) : '',
    );
}
