import { ApplicationFailure, setHandler } from '@temporalio/workflow';
import type { UpdateDefinition } from '@temporalio/common';
import { refuseMalformed } from '../failures.ts';
import {
  lifecycleOrders,
  type DeployAnswer,
  type DeployOrder,
  type LifecycleProgress,
} from '../lifecycleMessages.ts';
import { timeOf, type Order } from '../orderMessages.ts';
import { orchestrator, step } from '../options.ts';
import { answerPerson } from './approvals.ts';
import { rejectKnown } from './known.ts';
import { lookAgain } from './lookAgain.ts';
import { persist } from './mishaps.ts';
import { note } from './noting.ts';
import { proceed } from './replacing.ts';
import { inTurn, now, progressOf, tell, type Lifecycle } from './state.ts';
import { consider, refuse, takeApproved } from './triggers.ts';
import { takeUndecided } from './undecided.ts';
import { keepSchedule, keepWatch } from './watching.ts';

/** Takes a person's orders from now on. An answer comes when the order has taken effect. */
export function handleOrders(self: Lifecycle): void {
  const { state } = self;
  setHandler(lifecycleOrders.deploy, (order) => inTurn(self, () => deploy(self, order)), {
    validator: refuseMalformed,
  });
  take(lifecycleOrders.pause, {
    expected: () => (state.paused ? 'a lifecycle that is not paused' : undefined),
    async carryOut(order) {
      await note(self, noteOf('pause', order, state.revision));
      const { actor, reason } = order;
      state.paused = { actor, reason, at: await now(self) };
    },
  });
  take(lifecycleOrders.resume, {
    expected: () => (state.paused ? undefined : 'a lifecycle that is paused'),
    async carryOut(order) {
      await note(self, noteOf('resume', order, state.revision));
      state.paused = undefined;
      await lookAgain(self);
    },
  });
  take(lifecycleOrders.retrain, {
    async carryOut(order) {
      const { actor, reason } = order;
      const at = timeOf(order) ?? (await now(self));
      await consider(self, { id: `person/${at}/${state.revision}`, kind: 'person', reason, by: actor, at });
    },
  });
  take(lifecycleOrders.approve, {
    async carryOut(order) {
      const approval = await answerPerson(self, 'approve', order);
      const { kind, trigger, version, run } = approval;
      if (!trigger) return;
      try {
        if (kind === 'retrain') await takeApproved(self, trigger);
        else if (run !== undefined) await takeUndecided(self, { ...approval, run, trigger }, order);
        else if (version !== undefined && !(await rejectKnown(self, version, `approval ${order.id}`)))
          await proceed(self, version, trigger, approval);
      } catch (error) {
        // What was approved and could not be done is still to be answered.
        state.approval ??= approval;
        throw error;
      }
    },
  });
  take(lifecycleOrders.reject, {
    async carryOut(order) {
      const { kind, trigger, version, run } = await answerPerson(self, 'reject', order);
      const at = await now(self);
      if (kind !== 'retrain') {
        const what = run === undefined ? `version ${version}` : `the model of training ${run}`;
        state.rejectedInARow++;
        tell(self, at, `${order.actor} does not want ${what}: ${order.reason}`);
      } else if (trigger) {
        await refuse(self, trigger, `${order.actor} rejected it: ${order.reason}`);
        // Otherwise the next trigger would ask the same again; it takes as many failures anew.
        state.rejectedInARow = 0;
      }
    },
  });

  function take<Given extends Order>(
    update: UpdateDefinition<LifecycleProgress, [Given]>,
    how: {
      /** What the state would have to be; undefined where it takes the order. */
      expected?: () => string | undefined;
      carryOut: (order: Given) => Promise<void>;
    },
  ): void {
    setHandler(
      update,
      (order) =>
        inTurn(self, async () => {
          // What was accepted before it may have changed the state.
          refuseUntimely(how.expected?.());
          await how.carryOut(order);
          return progressOf(self);
        }),
      {
        validator: (order) => {
          refuseMalformed(order);
          refuseUntimely(state.deployment ? how.expected?.() : 'a definition to be deployed first');
        },
      },
    );
  }
}

async function deploy(self: Lifecycle, order: DeployOrder): Promise<DeployAnswer> {
  const { state, name } = self;
  const { definitionHash, baseDirectory, actor, reason } = order;
  const number = (state.deployment?.number ?? 0) + 1;
  // First what may be refused: a calendar that Temporal does not take leaves everything as it was.
  const wanted = await orchestrator.describeLifecycle.executeWithOptions(step('Read the definition'), [
    { definitionHash },
  ]);
  await keepSchedule(self, wanted.retrain?.schedule);
  const recorded = await orchestrator.recordDeployment.executeWithOptions(
    step(`Deployment ${number} by ${actor}`),
    [{ name, number, definitionHash, baseDirectory, actor, reason }],
  );
  const { at, slice, champion, changes, action } = recorded;
  state.deployment = { number, definitionHash, baseDirectory, by: actor, at };
  self.slice = slice;
  state.clock = timeOf(order) ?? state.clock;
  state.champion ??= champion;
  tell(self, at, `${actor} deployed: ${reason}`);
  // It is deployed: what follows from that is done sooner or later.
  await persist(self, async () => {
    await keepWatch(self);
    if (action !== 'train') return;
    const unchanged = champion === undefined ? 'no version yet' : 'the last training came to nothing';
    await consider(self, {
      id: `definition/${definitionHash}/${number}`,
      kind: 'definition',
      reason: `${reason} (${changes.map(({ section }) => section).join(', ') || unchanged})`,
      by: actor,
      at: state.clock ?? at,
    });
  });
  return { number, changes, action };
}

function noteOf(action: string, { actor, reason }: Order, revision: number) {
  return { key: `${action}/${revision}`, actor, action: `lifecycle.${action}`, details: { reason } };
}

function refuseUntimely(expected: string | undefined): void {
  if (expected === undefined) return;
  throw ApplicationFailure.create({
    type: 'LIFECYCLE_STATE',
    message: `The order expects ${expected}.`,
    nonRetryable: true,
    details: [{ field: 'state', expected }],
  });
}
