import { ApplicationFailure, condition, setHandler } from '@temporalio/workflow';
import { refuseMalformed } from '../failures.ts';
import type { Order } from '../orderMessages.ts';
import {
  rolloutOrders,
  type RolloutOrderName,
  type RolloutPhase,
  type RolloutProgress,
} from '../rolloutMessages.ts';
import { orchestrator, rolloutStep, shortSummary } from '../options.ts';
import { enterPhase, inTurn, progressOf, show, type Rollout } from './state.ts';

/** What a person may order, and when. */
const TAKEN_IN: Record<RolloutOrderName, readonly RolloutPhase[]> = {
  pause: ['serving', 'awaiting-approval'],
  resume: ['paused'],
  approve: ['awaiting-approval'],
  abort: ['preparing', 'serving', 'paused', 'awaiting-approval'],
  promote: ['serving', 'paused', 'awaiting-approval'],
  rollback: ['preparing', 'serving', 'paused', 'awaiting-approval', 'probation'],
};

/** Takes orders from now on. An answer comes when the order has taken effect. */
export function handleOrders(rollout: Rollout): void {
  for (const name of Object.keys(rolloutOrders) as RolloutOrderName[]) {
    setHandler(rolloutOrders[name], (order) => carryOut(rollout, name, order), {
      validator: (order) => {
        refuseMalformed(order);
        refuseUntimely(rollout, name);
      },
    });
  }
}

async function carryOut(rollout: Rollout, name: RolloutOrderName, order: Order): Promise<RolloutProgress> {
  const given = { name, actor: order.actor, reason: order.reason };
  await inTurn(
    rollout,
    async () => {
      // What was accepted before it may have ended its phase.
      refuseUntimely(rollout, name);
      await note(rollout, name, order);
      if (name === 'pause') enterPhase(rollout, 'paused');
      else if (name === 'resume') resume(rollout);
      else rollout.order = given;
    },
    () => rollout.order === undefined,
  );
  await condition(() => rollout.order !== given);
  return progressOf(rollout);
}

/** In the audit, before it takes effect. */
async function note(rollout: Rollout, name: RolloutOrderName, { actor, reason }: Order): Promise<void> {
  const { executionId, input, state } = rollout;
  state.orders++;
  await orchestrator.noteOrder.executeWithOptions(
    rolloutStep(shortSummary(`${name} by ${actor}: ${reason}`)),
    [
      {
        name: input.name,
        number: input.number,
        key: `${executionId}/order/${state.orders}`,
        order: name,
        actor,
        reason,
        phase: state.phase,
      },
    ],
  );
}

/** After a pause, after a hold, or both. */
function resume(rollout: Rollout): void {
  const { state } = rollout;
  if (state.held !== undefined) {
    state.held = undefined;
    state.holdAccepted = true;
  }
  if (state.phase === 'paused') enterPhase(rollout, 'serving');
  else show(rollout);
}

function refuseUntimely({ state }: Rollout, name: RolloutOrderName): void {
  const { phase, held } = state;
  if (name === 'resume' && held !== undefined && phase !== 'ended') return;
  if (name === 'approve' && held !== undefined) throw untimely(name, `${phase}, held`, 'to be resumed first');
  const phases = TAKEN_IN[name];
  if (!phases.includes(phase)) throw untimely(name, phase, phases.join(' or '));
}

function untimely(name: RolloutOrderName, phase: string, expected: string): ApplicationFailure {
  return ApplicationFailure.create({
    type: 'ROLLOUT_PHASE',
    message: `The rollout is ${phase}; ${name} expects ${expected}.`,
    nonRetryable: true,
    details: [{ field: 'phase', value: phase, expected }],
  });
}
