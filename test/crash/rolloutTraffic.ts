import { setTimeout as pause } from 'node:timers/promises';
import type { Arm } from '../../store/predictionTypes.ts';
import type { Contest } from './rolloutModels.ts';

/** A request that was answered with 200. */
export interface Answered {
  requestId: string;
  /** Epoch milliseconds. */
  receivedAt: number;
  rows: { key: string; version: number; arm: Arm }[];
}

export interface Traffic {
  /** In the order in which they came. */
  readonly answered: readonly Answered[];
  /** What no patient client should see: refusals, and answers that are not the version's. */
  readonly wrong: readonly string[];
  /** Calls that were tried again: the connection broke, or the gateway asked to wait. */
  readonly retried: number;
  /** Sends the labels of everything that was answered, and from now on of everything at once. */
  tell(): void;
  stop(): Promise<void>;
}

export interface TrafficOptions {
  /** Of the gateway at this moment. */
  url: () => string;
  name: string;
  contest: Contest;
  /** The version that is right about every row. */
  right: 1 | 2;
}

interface PredictAnswer {
  requestId: string;
  predictions: { prediction: boolean; probabilities: { true: number }; version: number; arm: Arm }[];
}

const TICK_MS = 40;
/** Rows of every second request; the others have one. Each row has a key of its own, so most are split between the arms. */
const ROWS = 9;
/** Labels come throughout: before it is time for the others, that of a key which nobody asks for. */
const NOBODYS = { key: 'nobody', value: true };
const QUIET_TICK_MS = 250;
const CALL_TIMEOUT_MS = 20_000;
const AFTER_BREAK_MS = 100;
const MAX_LABELS = 2_000;

/** Asks a gateway steadily, as a patient client does: what breaks is tried again for as long as it takes. */
export function openTraffic({ url, name, contest, right }: TrafficOptions): Traffic {
  const stopping = new AbortController();
  const answered: Answered[] = [];
  const wrong: string[] = [];
  const unlabelled: { key: string; value: boolean }[] = [];
  let keys = 0;
  let retried = 0;
  let telling = false;

  async function ask(rows: number): Promise<void> {
    const first = keys;
    keys += rows;
    const asked = Array.from({ length: rows }, (_, i) => ({
      key: `${name}-${first + i}`,
      row: (first + i) % contest.rows.length,
    }));
    const body =
      rows === 1
        ? { row: contest.rows[asked[0].row], key: asked[0].key }
        : { rows: asked.map(({ row }) => contest.rows[row]), keys: asked.map(({ key }) => key) };
    const text = await post(`/models/${name}/predict`, body);
    if (text === undefined) return;
    const { requestId, predictions } = JSON.parse(text) as PredictAnswer;
    answered.push({
      requestId,
      receivedAt: Date.now(),
      rows: predictions.map(({ version, arm }, i) => ({ key: asked[i].key, version, arm })),
    });
    asked.forEach(({ key, row }, i) => {
      const { version, prediction, probabilities } = predictions[i];
      const expected = contest.answers[version][row];
      const near = Math.abs(probabilities.true - expected.probability) < 1e-5;
      if (prediction !== expected.prediction || !near)
        wrong.push(`${key}: ${JSON.stringify(predictions[i])} in place of ${JSON.stringify(expected)}`);
      unlabelled.push({ key, value: contest.answers[right][row].prediction });
    });
  }

  async function label(): Promise<void> {
    const labels = telling ? unlabelled.splice(0, MAX_LABELS) : [NOBODYS];
    if (labels.length > 0) await post('/labels', { name, labels });
  }

  /** The body of a 200; undefined for a refusal, and where the test is over before there was an answer. */
  async function post(path: string, body: object): Promise<string | undefined> {
    while (!stopping.signal.aborted) {
      const answer = await send(new URL(path, url()), body).catch(() => undefined);
      if (answer?.status === 200) return answer.text;
      if (answer && answer.status !== 503 && answer.status !== 429) {
        wrong.push(`POST ${path}: ${answer.status} ${answer.text}`);
        return undefined;
      }
      retried++;
      await rest(answer ? 1_000 : AFTER_BREAK_MS);
    }
    return undefined;
  }

  async function rest(ms: number): Promise<void> {
    await pause(ms, undefined, { signal: stopping.signal }).catch(() => undefined);
  }

  async function asking(): Promise<void> {
    for (let n = 0; !stopping.signal.aborted; n++) {
      await ask(n % 2 === 0 ? ROWS : 1);
      await rest(TICK_MS);
    }
  }

  async function labelling(): Promise<void> {
    while (!stopping.signal.aborted) {
      await label();
      await rest(telling ? TICK_MS : QUIET_TICK_MS);
    }
  }

  const ended = Promise.all([asking(), labelling()]);
  return {
    answered,
    wrong,
    get retried() {
      return retried;
    },
    tell: () => void (telling = true),
    async stop() {
      stopping.abort();
      await ended;
    },
  };
}

async function send(url: URL, body: object): Promise<{ status: number; text: string }> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
  });
  return { status: response.status, text: await response.text() };
}
