import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { PerennialError } from '../config/errors.ts';
import { searchAttributes } from '../config/searchAttributes.ts';
import type { CanaryPolicy } from '../decisions/canary/policy.ts';
import type { ModelVersionRow } from '../store/types.ts';
import { ids, queues } from '../workflows/messages.ts';
import type { RolloutInput } from '../workflows/rolloutMessages.ts';
import type { ClientContext } from './client.ts';
import { fromFailure } from './failure.ts';
import { isOpen } from './isOpen.ts';
import { attachRollout, type RolloutHandle } from './rolloutHandle.ts';
import { rolloutPolicy, type PolicyOverrides } from './rolloutPolicy.ts';

export interface StartRolloutOptions {
  /** What this rollout has otherwise than the version's definition. */
  policy?: PolicyOverrides;
  /** A person or a program; stands in the audit. */
  startedBy: string;
  reason?: string;
}

/** Makes the policy, allocates the number and starts the workflow. */
export async function startRollout(
  context: ClientContext,
  model: ModelVersionRow,
  options: StartRolloutOptions,
): Promise<RolloutHandle> {
  const { name, version, signature } = model;
  const { store } = context;
  const { definitionHash } = model;
  const definition = definitionHash === undefined ? undefined : await store.definitions.get(definitionHash);
  const policy = rolloutPolicy(definition?.canary, options.policy ?? {}, signature.task);
  const champion = await championBeside(context, model);
  await refuseSecondRollout(context, name);
  const number = await store.rollouts.nextNumber(name);
  const { startedBy, reason } = options;
  const input: RolloutInput = { name, number, challengerVersion: version, policy, startedBy };
  try {
    await context.client.workflow.start('rollout', {
      workflowId: ids.rollout(name, number),
      taskQueue: queues.orchestrator,
      args: [input],
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
      typedSearchAttributes: [
        { key: searchAttributes.lifecycle, value: name },
        { key: searchAttributes.version, value: version },
      ],
      memo: { champion, challenger: version, startedBy, ...(reason === undefined ? {} : { reason }) },
      staticSummary: `Roll out ${name}@${version}, rollout ${number}`,
      staticDetails: describe(policy, { name, champion, version, startedBy, reason }),
    });
  } catch (error) {
    // The number is ours alone: an answer that was lost, not another rollout.
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw fromFailure(error);
  }
  return attachRollout(context, name, number);
}

async function championBeside({ store }: ClientContext, { name, version }: ModelVersionRow): Promise<number> {
  const route = await store.routes.get(name);
  if (!route) {
    throw new PerennialError('NOT_FOUND', `${name} has no champion to roll out beside.`, {
      field: 'model',
      value: name,
      expected: 'a model whose first version is registered',
    });
  }
  if (route.championVersion === version) {
    throw new PerennialError('INVALID_INPUT', `${name}@${version} is the champion already.`, {
      field: 'version',
      value: `${name}@${version}`,
      expected: 'another version; `npx perennial models` lists them',
    });
  }
  return route.championVersion;
}

/** Early and for people; the rollout's first activity decides under the store's lock. */
async function refuseSecondRollout(context: ClientContext, name: string): Promise<void> {
  const other = await context.store.rollouts.running(name);
  // After a continue-as-new the workflow has another run id, so the first execution's may be closed while it goes on.
  if (!other || !(await isOpen(context, other.id))) return;
  const at = `${other.name}/${other.number}`;
  throw new PerennialError(
    'ROLLOUT_IN_PROGRESS',
    `${other.id} is under way (${name}@${other.challengerVersion}): watch it with \`npx perennial rollout watch ${at}\`, or end it with \`npx perennial rollout abort ${at}\`.`,
    {
      field: 'name',
      value: other.id,
      expected: `no other rollout of ${name} at the same time`,
    },
  );
}

/** What the Web UI shows above the rollout: Markdown. */
function describe(
  policy: CanaryPolicy,
  who: { name: string; champion: number; version: number; startedBy: string; reason?: string },
): string {
  const { errors, latency, accuracy, custom } = policy.guards;
  const guards = [
    ...(errors ? ['errors'] : []),
    ...(latency ? ['latency'] : []),
    ...(accuracy ? [`accuracy (${accuracy.loss}, margin ${accuracy.margin})`] : []),
    ...custom.map((guard) => guard.name),
  ];
  return [
    `\`${who.name}@${who.version}\` beside the champion \`@${who.champion}\`, started by ${who.startedBy}${who.reason ? `: ${who.reason}` : '.'}`,
    '',
    `- steps: ${policy.steps.map((step) => `${step} %`).join(', ')}, then all keys${policy.approve ? ' once a person has approved' : ''}`,
    `- guards: ${guards.length > 0 ? guards.join(', ') : 'none'}`,
    `- alpha ${policy.alpha} over all guards and looks, beta ${policy.beta} by guard`,
  ].join('\n');
}
