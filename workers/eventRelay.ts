import { isGrpcServiceError, WorkflowNotFoundError, type Client } from '@temporalio/client';
import type { Logger } from 'pino';
import { isUnreachable } from '../client/failure.ts';
import type { LifecycleEventRow } from '../store/lifecycleTypes.ts';
import type { Store } from '../store/types.ts';
import { rootMessage } from '../workflows/failures.ts';
import { triggerSignal } from '../workflows/lifecycleMessages.ts';
import { ids } from '../workflows/messages.ts';

export interface EventRelayOptions {
  lifecycles: Pick<Store['lifecycles'], 'untoldEvents' | 'markTold' | 'delayEvent' | 'isRemoved'>;
  temporal: Client;
  log: Pick<Logger, 'info' | 'warn'>;
  /** Between two looks. Default 2 s. */
  everyMs?: number;
}

const EVERY_MS = 2_000;
const AT_ONCE = 100;

/**
 * Tells lifecycles of the events that gateways took. An event that was told, and of which that could not be written down,
 * is told again: the lifecycle knows its id. While Temporal or the database is away, events wait. One that cannot be told
 * for a reason of its own is tried again later and later, and holds up no other.
 */
export function relayEvents(options: EventRelayOptions): { close(): Promise<void> } {
  const { lifecycles, log, everyMs = EVERY_MS } = options;
  const closing = new AbortController();
  const { signal } = closing;
  const going = keepTelling();
  return {
    async close() {
      closing.abort();
      await going;
    },
  };

  async function keepTelling(): Promise<void> {
    let troubled = false;
    while (!signal.aborted) {
      let more = false;
      try {
        more = (await tellAll()) === AT_ONCE;
        if (troubled) log.info('events are told again');
        troubled = false;
      } catch (error) {
        if (!troubled) log.warn({ err: error }, 'events cannot be told, and wait');
        troubled = true;
      }
      if (!more) await pause();
    }
  }

  /** In their order; where nobody can be told, the look is over and all that are left stay the next ones. */
  async function tellAll(): Promise<number> {
    const events = await lifecycles.untoldEvents(AT_ONCE);
    for (const event of events) {
      if (signal.aborted) break;
      try {
        await tell(event);
        await lifecycles.markTold(event.name, event.id);
      } catch (error) {
        if (isAway(error)) throw error;
        await delay(event, error);
      }
    }
    return events.length;
  }

  /** Where the database is what is away, this fails too. */
  async function delay({ name, id }: LifecycleEventRow, error: unknown): Promise<void> {
    const delayed = await lifecycles.delayEvent(name, id, rootMessage(error));
    if (!delayed) return;
    const { attempts, nextAt } = delayed;
    log.warn({ err: error, lifecycle: name, event: id, attempts, nextAt }, 'an event cannot be told yet');
  }

  async function tell({ name, id, reason, actor, at }: LifecycleEventRow): Promise<void> {
    try {
      await options.temporal.workflow
        .getHandle(ids.lifecycle(name))
        .signal(triggerSignal, { id: `event/${id}`, kind: 'event', reason, by: actor, at });
    } catch (error) {
      // One that is not there and was not removed comes back: somebody restores it, or deploys it again.
      if (!(error instanceof WorkflowNotFoundError && (await lifecycles.isRemoved(name)))) throw error;
      log.warn({ lifecycle: name, event: id }, 'an event was dropped: the lifecycle was removed');
    }
  }

  function pause(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(done, everyMs);
      signal.addEventListener('abort', done, { once: true });
      function done(): void {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      }
    });
  }
}

/** Temporal itself; one lifecycle that is too busy says nothing of the others. */
function isAway(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  const busy = [error, cause].some((link) => isGrpcServiceError(link) && BUSY.includes(link.code));
  return !busy && isUnreachable(error);
}

/** gRPC: RESOURCE_EXHAUSTED, ABORTED. */
const BUSY: readonly number[] = [8, 10];
