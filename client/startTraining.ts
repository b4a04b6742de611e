import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { definitionHash, parseDefinition, type Definition } from '../config/definition.ts';
import { PerennialError } from '../config/errors.ts';
import { searchMsOf } from '../config/portfolio.ts';
import { expandSearch } from '../config/search.ts';
import { searchAttributes } from '../config/searchAttributes.ts';
import { ids, queues, type TrainingInput } from '../workflows/messages.ts';
import type { ClientContext } from './client.ts';
import { fromFailure } from './failure.ts';
import { isOpen } from './isOpen.ts';
import { loadDefinition } from './loadDefinition.ts';
import { overrideSources } from './overrideSources.ts';
import { duration } from './terminal/format.ts';
import { attachTraining, type TrainingHandle } from './trainingHandle.ts';

export interface TrainOptions {
  /** Files to read in place of the definition's, by source name; relative to the working directory. */
  sources?: Record<string, string>;
  /** Where the definition's relative paths start. Default: the folder of its file, else the working directory. */
  baseDirectory?: string;
}

/** Stores the definition, allocates the run's number and starts its workflow. */
export async function startTraining(
  context: ClientContext,
  given: Definition | string,
  options: TrainOptions = {},
): Promise<TrainingHandle> {
  const { definition, baseDirectory } = await prepare(given, options);
  const { name } = definition;
  await refuseSecondRun(context, definition);
  const hash = await context.store.definitions.put(definition);
  const run = await context.store.runs.nextNumber(name);
  const input: TrainingInput = { name, run, definitionHash: hash, baseDirectory };
  try {
    await context.client.workflow.start('training', {
      workflowId: ids.training(name, run),
      taskQueue: queues.orchestrator,
      args: [input],
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
      typedSearchAttributes: [
        { key: searchAttributes.lifecycle, value: name },
        { key: searchAttributes.run, value: run },
      ],
      memo: { definition: hash, target: definition.target },
      staticSummary: `Train ${name}, run ${run}`,
      staticDetails: describe(definition, hash),
    });
  } catch (error) {
    // The number is ours alone: an answer that was lost, not another run.
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw fromFailure(error);
  }
  return attachTraining(context, name, run);
}

async function prepare(
  given: Definition | string,
  options: TrainOptions,
): Promise<{ definition: Definition; baseDirectory: string }> {
  const loaded =
    typeof given === 'string'
      ? await loadDefinition(given)
      : { definition: parseDefinition(given), baseDirectory: process.cwd() };
  const baseDirectory = options.baseDirectory ?? loaded.baseDirectory;
  if (!options.sources) return { definition: loaded.definition, baseDirectory };
  return {
    definition: overrideSources(loaded.definition, options.sources, { baseDirectory, from: process.cwd() }),
    baseDirectory,
  };
}

/** Early and for people; the run's first activity decides under the store's lock. */
async function refuseSecondRun(context: ClientContext, definition: Definition): Promise<void> {
  const other = await context.store.runs.running(definition.name);
  if (!other || !(await isOpen(context, other.workflowId, other.executionId))) return;
  const same = other.definitionHash === definitionHash(definition);
  const at = `${other.name}/${other.number}`;
  throw new PerennialError(
    'RUN_IN_PROGRESS',
    `${other.workflowId} is under way${same ? ' with this very definition' : ''}: wait for it with \`npx perennial attach ${at}\`, or end it with \`npx perennial cancel ${at}\`.`,
    {
      field: 'name',
      value: other.workflowId,
      expected: `no other run of ${definition.name} at the same time`,
    },
  );
}

/** Of 20,000 bytes that Temporal gives to the details. */
const MAX_QUERY_CHARACTERS = 4_000;

function describeSearch(definition: Definition): string {
  const { search, seed, halving } = definition;
  const ms = searchMsOf(definition);
  const parts = [
    search === 'auto'
      ? 'automatic'
      : `${expandSearch(search, seed).length} candidates of ${search.map(({ learner }) => `\`${learner}\``).join(', ')}`,
    halving && `halved by ${halving.resource}`,
    ms !== undefined && `within ${duration(ms)}`,
  ];
  return parts.filter(Boolean).join(', ');
}

/** What the Web UI shows above the run: Markdown. */
function describe(definition: Definition, hash: string): string {
  const { sources, dataset, target, select, split, seed } = definition;
  const query =
    dataset.length > MAX_QUERY_CHARACTERS ? `${dataset.slice(0, MAX_QUERY_CHARACTERS)}\n...` : dataset;
  const held =
    split.by === 'moment' ? `everything from ${split.from} on` : `${split.test * 100} % by ${split.by}`;
  const folds = `${select.folds} folds${select.cv ? ` (${select.cv.kind})` : ''}`;
  return [
    `Predicts \`${target}\` from ${Object.entries(sources)
      .map(([name, source]) => `\`${name}\` (${source.kind})`)
      .join(', ')}.`,
    '',
    `- search: ${describeSearch(definition)}, ${folds}, by ${select.metric}`,
    `- hold-out: ${held}`,
    `- seed ${seed}`,
    `- definition \`${hash}\``,
    '',
    '```sql',
    query,
    '```',
  ].join('\n');
}
