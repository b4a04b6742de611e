import { setTimeout as pause } from 'node:timers/promises';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import { replayPast } from '../../client/replayPast.ts';
import { readStack } from '../../embedded/stackFile.ts';
import {
  lifecycleQuery,
  watchNow,
  type LifecycleProgress,
  type Watched,
} from '../../workflows/lifecycleMessages.ts';
import { ids } from '../../workflows/messages.ts';
import { eventually } from '../workflows/rollouts.ts';
import type { Installation } from './installation.ts';
import { DAY_MS, define, endOf, NAMES, parcels, type Name } from './parcels.ts';

/** Two lifecycles of one installation, driven day by day whatever is away for a while. */
export interface Lives {
  /** Until both have a champion and a watch. */
  begin(baseDirectory: string): Promise<void>;
  /** One day of both: what was asked is logged, what was true is told, the watch looks, and all that follows ends. */
  pass(day: number): Promise<void>;
  progress(name: Name): Promise<LifecycleProgress>;
}

export function openLives(installation: Installation): Lives {
  const { client, temporal, store } = installation;
  const progress = (name: Name) => temporal.workflow.getHandle(ids.lifecycle(name)).query(lifecycleQuery);

  async function look(name: Name, to: string): Promise<Watched | null> {
    const handle = temporal.workflow.getHandle(ids.watch(name));
    let answer: Watched | null = null;
    await eventually(async () => {
      try {
        // The same update, however often it has to be sent.
        answer = await handle.executeUpdate(watchNow, { args: [{ to }], updateId: `until-${to}` });
      } catch (error) {
        if (!(error instanceof WorkflowUpdateFailedError)) throw error;
        answer = null;
      }
    });
    return answer;
  }

  /** Nothing is under way, nothing in anybody's hands, nothing about to begin. */
  async function rest(name: Name): Promise<void> {
    const handle = temporal.workflow.getHandle(ids.lifecycle(name));
    for (let quiet = 0; quiet < 3; await pause(100)) {
      await eventually(async () => {
        const { raw } = await handle.describe();
        const children = (raw.pendingChildren ?? []).filter(
          ({ workflowId }) => workflowId !== ids.watch(name),
        );
        const busy =
          children.length > 0 || (raw.pendingActivities ?? []).length > 0 || raw.pendingWorkflowTask;
        const { training, rollout } = await progress(name);
        quiet = busy || training || rollout ? 0 : quiet + 1;
      });
    }
  }

  return {
    progress,
    async begin(baseDirectory) {
      await each(async (name) => {
        await client.lifecycles.deploy(define(name), { actor: 'ann', reason: 'a test', baseDirectory });
        await rest(name);
      });
    },
    async pass(day) {
      await each(async (name) => {
        const rows = parcels(day);
        const past = { store, temporal, name, rows, chunkMs: DAY_MS, labelDelayMs: 0 };
        await replayPast({ ...past, watched: false, rest: false });
        const told = await look(name, endOf(day));
        if (!told) throw new Error(`${name} was not looked at until ${endOf(day)}.`);
        await rest(name);
      });
    },
  };
}

export async function each<T>(of: (name: Name) => Promise<T>): Promise<Record<Name, T>> {
  const [gated, canaried] = await Promise.all(NAMES.map(of));
  return { gated, canaried };
}

/** Clients of today, who a rollout is decided by: they ask steadily, and again where nobody answers. */
export function openClients({ environment, stack }: Installation): { stop(): Promise<void> } {
  const stopping = new AbortController();
  let keys = 0;
  const ended = (async () => {
    for (; !stopping.signal.aborted; await pause(50)) {
      const url = readStack(environment.home)?.gatewayUrl ?? stack.info.gatewayUrl;
      const rows = Array.from({ length: 30 }, (_, i) => ({ size: i % 13, weight: i % 5 }));
      const asked = { rows, keys: rows.map(() => `today-${keys++}`) };
      await fetch(new URL('/models/canaried/predict', url), {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(asked),
        signal: AbortSignal.timeout(5_000),
      })
        .then((answer) => answer.text())
        .catch(() => undefined);
    }
  })();
  return {
    async stop() {
      stopping.abort();
      await ended;
    },
  };
}
