import { ApplicationFailure, cancellationSignal, log } from '@temporalio/activity';
import { Webhook } from 'standardwebhooks';
import { resolveSecret } from '../config/environment.ts';
import { PerennialError } from '../config/errors.ts';
import type { NoticeInput } from '../workflows/lifecycleMessages.ts';
import type { OrchestratorDependencies } from './dependencies.ts';

export interface Delivery extends NoticeInput {
  /** The same in every attempt, so that the receiver knows a message that it has. */
  id: string;
  /** Index in the definition's `notify.webhooks`. */
  webhook: number;
}

export interface NoticeTarget {
  webhook: number;
  /** For people. */
  host: string;
}

const TIMEOUT_MS = 10_000;
/** The receiver is busy, or has this very message under way. */
const TRY_AGAIN: readonly number[] = [408, 409, 425, 429];
const MAX_RETRY_AFTER_MS = 15 * 60_000;

export function noticeActivities({ store }: Pick<OrchestratorDependencies, 'store'>) {
  return {
    /** The webhooks that want to know. */
    async noticeTargets({
      definitionHash,
      event,
    }: Pick<Delivery, 'definitionHash' | 'event'>): Promise<NoticeTarget[]> {
      const { notify } = await store.definitions.get(definitionHash);
      return (notify?.webhooks ?? []).flatMap(({ url, events }, webhook) =>
        events === undefined || events.includes(event) ? [{ webhook, host: new URL(url).host }] : [],
      );
    },

    /**
     * One attempt to tell one webhook, signed as Standard Webhooks 1.0 describes (standardwebhooks.com). What the
     * receiver says besides its status is read by nobody.
     *
     * @throws PerennialError WEBHOOK_REFUSED where the receiver will not have it; TRANSIENT where it may have it later
     */
    async deliverNotice({ webhook, definitionHash, ...notice }: Delivery): Promise<{ status: number }> {
      const { notify } = await store.definitions.get(definitionHash);
      const target = notify?.webhooks[webhook];
      if (!target)
        throw new PerennialError('INTERNAL', `There is no webhook ${webhook} in ${definitionHash}.`);
      const { host } = new URL(target.url);
      const body = bodyOf(notice);
      const headers = signed(notice.id, body, target.key.secret);
      const response = await send(target.url, headers, body);
      await response.body?.cancel();
      const { status } = response;
      if (!response.ok) throw refusal(response, host);
      log.info('told a webhook', { notice: notice.id, event: notice.event, host, status });
      return { status };
    },
  };
}

/** `type` as the specification has it: groups of letters, digits and _, divided by full stops. */
function bodyOf({ id, name, number, event, at, text }: Omit<Delivery, 'webhook' | 'definitionHash'>): string {
  return JSON.stringify({
    type: `lifecycle.${event.replaceAll('-', '_')}`,
    timestamp: at,
    data: { id, name, number, event, text },
  });
}

/** The time is that of the attempt: receivers refuse what was signed more than five minutes ago. */
function signed(id: string, body: string, secret: string): Record<string, string> {
  const now = new Date();
  return {
    'content-type': 'application/json',
    'user-agent': 'perennial-ml',
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
    'webhook-signature': keyOf(secret).sign(id, now, body),
  };
}

/** `whsec_` and base64, or any text, of which the bytes are the key. @throws PerennialError SECRET_MISSING, INVALID_INPUT */
function keyOf(secret: string): Webhook {
  const value = resolveSecret(secret);
  try {
    return value.startsWith('whsec_')
      ? new Webhook(value)
      : new Webhook(new TextEncoder().encode(value), { format: 'raw' });
  } catch {
    // Its own message may quote the key.
    throw new PerennialError('INVALID_INPUT', `The secret ${secret} is no key to sign with.`, {
      field: secret,
      expected: '`whsec_` and base64, or any other text',
    });
  }
}

async function send(url: string, headers: Record<string, string>, body: string): Promise<Response> {
  const signal = AbortSignal.any([AbortSignal.timeout(TIMEOUT_MS), cancellationSignal()]);
  try {
    // A redirect would carry the message, and its signature, to somebody whom no definition names.
    return await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal });
  } catch (error) {
    const why = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const message = why instanceof Error ? why.message : String(why);
    throw ApplicationFailure.retryable(`${new URL(url).host} was not reached: ${message}`, 'TRANSIENT');
  }
}

function refusal({ status, headers }: Response, host: string): Error {
  const message = `${host} answered ${status}`;
  if (status >= 400 && status < 500 && !TRY_AGAIN.includes(status)) {
    return new PerennialError('WEBHOOK_REFUSED', message, {
      field: 'notify.webhooks',
      value: `${status}`,
      expected: 'a receiver that answers 2xx',
    });
  }
  const seconds = Number(headers.get('retry-after'));
  const nextRetryDelay = seconds > 0 ? Math.min(seconds * 1000, MAX_RETRY_AFTER_MS) : undefined;
  return ApplicationFailure.create({ message, type: 'TRANSIENT', nextRetryDelay });
}
