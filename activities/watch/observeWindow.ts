import { cancellationSignal } from '@temporalio/activity';
import { PerennialError } from '../../config/errors.ts';
import { parseTime } from '../../config/time.ts';
import type { WindowFacts } from '../../decisions/watch/facts.ts';
import { suddenColumns, unusualVolume } from '../../decisions/watch/faults.ts';
import { countLasted, type Judged } from '../../decisions/watch/lasted.ts';
import type { WatchPolicy } from '../../decisions/watch/policy.ts';
import { METRICS, type MetricName } from '../../learning/metrics/names.ts';
import type { ModelVersionRow, Store } from '../../store/types.ts';
import type { TrainerDependencies } from '../dependencies.ts';
import { references } from '../reference.ts';
import {
  decodeDistributions,
  DISTRIBUTIONS_KIND,
  encodeDistributions,
  sampleRows,
  type Distributions,
} from './distributions.ts';
import { realisedQuality } from './realised.ts';
import { shorten } from './shorten.ts';
import { windowFacts } from './windowFacts.ts';
import { readWindow } from './windowRows.ts';

interface ObserveWindow {
  name: string;
  definitionHash: string;
  /** Of the window: 1, 2, 3 ... */
  number: number;
  /** ISO 8601. Default: `to` less the policy's `everyMs`. */
  from?: string;
  /** ISO 8601. Default: now, by the database. */
  to?: string;
  /** The last healthy window, where there is one. */
  healthy?: number;
}

export interface ObservedWindow {
  facts: WindowFacts;
  distributionDigest: string;
}

/** Numbers of a window that are held at a time, 8 bytes each: of 2,000 columns 8,000 rows are compared at the most. */
const MAX_CELLS = 16_000_000;
/** Rows of a healthy window whose numbers are kept for the next ones. */
const SAMPLE_ROWS = 2_000;

export function windowActivities(dependencies: TrainerDependencies) {
  const { store } = dependencies;
  const { of, read } = references(dependencies);
  return {
    /**
     * Counts what there is to say of a window of the champion's predictions. The same window gives the same facts.
     *
     * Labels come late, so realised quality and the labels' distribution are those of the newest stretch whose labels
     * are due: as long as the window, and earlier than it by `quality.labelHorizonMs`. Stretches of windows that follow one
     * another follow one another too, so every labelled row counts once.
     *
     * @throws NOT_FOUND without a champion; INVALID_INPUT where the definition has no watch, or the window no length
     */
    async observeWindow(input: ObserveWindow): Promise<ObservedWindow> {
      const { name, number, healthy } = input;
      const signal = cancellationSignal();
      const { watch: policy } = await store.definitions.get(input.definitionHash);
      if (!policy) throw refusal('definitionHash', input.definitionHash, 'a definition with a `watch`');
      const champion = await store.registry.get(name);
      if (!champion) throw new PerennialError('NOT_FOUND', `${name} has no champion to watch.`);
      const { version, signature } = champion;
      const { from, to } = await boundsOf(store, champion, policy, input);
      const reference = await read(await of(champion));
      const before = healthy === undefined ? undefined : await healthyWindow(store, name, healthy);

      const limit = Math.min(policy.maxRows, Math.floor(MAX_CELLS / (1 + signature.inputs.length)));
      const sample = sampleRows(signature.inputs.length, SAMPLE_ROWS);
      const what = { name, version, from, to, labelsUntil: to, limit };
      const batches = store.watch.rows(what, { signal });
      const window = await readWindow(batches, signature, reference.columns, sample);
      const rows = window.rows < limit ? window.rows : await store.watch.countKeys(name, version, from, to);
      const due = stretchDue(from, to, policy.quality.labelHorizonMs);
      const labelled = store.watch.rows({ ...what, ...due, labelled: true }, { signal });
      const metric = await metricOf(store, champion);
      const realised = await realisedQuality(labelled, signature, reference, metric);
      const usualRows = await store.watch.usualRows(name, number, Date.parse(to) - Date.parse(from));
      const seen = { version, from, to, rows, usualRows, window, reference, healthy: before, ...realised };
      const compared = await windowFacts(seen, policy, signal);
      const isUnusual =
        suddenColumns(compared, policy).size > 0 || unusualVolume(compared, policy) !== undefined;
      const whole = isUnusual
        ? countLasted(compared, await lastJudged(store, name, number), policy)
        : compared;
      const { columns } = whole;
      const told = shorten(whole, policy);
      const facts = { ...whole, columns: told.columns };
      if (!told.whole) await store.watch.keepColumns(name, number, columns);
      // Last: whatever fails before leaves nothing behind.
      const { digest } = await store.artifacts.put(
        encodeDistributions({
          of: { name, version, window: number },
          rows: window.compared,
          columns: window.sample,
          score: window.sampleScore,
        }),
        DISTRIBUTIONS_KIND,
        'application/x-safetensors',
        { signal },
      );
      return { facts, distributionDigest: digest };
    },
  };
}

/**
 * A champion answers for its own time only. Where the past is replayed, it became champion after the window ended, and what
 * it answered by then is all of the window.
 */
async function boundsOf(
  store: Store,
  champion: ModelVersionRow,
  policy: WatchPolicy,
  input: ObserveWindow,
): Promise<{ from: string; to: string }> {
  const to = isoOf(input.to ?? (await store.watch.now()), 'to');
  const asked =
    input.from === undefined
      ? new Date(Date.parse(to) - policy.everyMs).toISOString()
      : isoOf(input.from, 'from');
  const since = await championSince(store, champion);
  const from = since > asked && since < to ? since : asked;
  if (from >= to) throw refusal('from', from, `a time before ${to}`);
  return { from, to };
}

/** Changes of a route that are looked through: of weights, of stages, of what is logged. */
const MAX_CHANGES = 1_000;

async function championSince(store: Store, { name, version }: ModelVersionRow): Promise<string> {
  const history = await store.routes.history(name, MAX_CHANGES);
  const other = history.findIndex(({ championVersion }) => championVersion !== version);
  return history.at(other < 0 ? -1 : other - 1)?.at ?? '';
}

/**
 * Undefined where its distributions are not kept any more. Another version may have answered it: what was asked is the
 * world's, and a promotion makes nothing sudden.
 */
async function healthyWindow(store: Store, name: string, number: number): Promise<Distributions | undefined> {
  const window = await store.watch.window(name, number);
  if (window?.distributionDigest === undefined) return undefined;
  return decodeDistributions(await store.artifacts.get(window.distributionDigest));
}

/** Windows that are looked through for one with enough rows; where there is none among them, nobody knows what lasted. */
const MAX_PASSED_OVER = 50;

async function lastJudged(store: Store, name: string, number: number): Promise<Judged | undefined> {
  const newest = await store.watch.windows(name, MAX_PASSED_OVER);
  const judged = newest.find((row) => row.number < number && row.verdict.state !== 'insufficient');
  return judged && store.watch.window(name, judged.number);
}

/** What is judged by labels is earlier than its window by as much as a label may be late. */
export function stretchDue(from: string, to: string, horizonMs: number): { from: string; to: string } {
  const earlier = (time: string) => new Date(Date.parse(time) - horizonMs).toISOString();
  return { from: earlier(from), to: earlier(to) };
}

async function metricOf(store: Store, { name, runNumber }: ModelVersionRow): Promise<MetricName | undefined> {
  const metric = runNumber === undefined ? undefined : (await store.runs.get(name, runNumber))?.metric;
  return metric !== undefined && metric in METRICS ? (metric as MetricName) : undefined;
}

/** @throws PerennialError INVALID_INPUT */
function isoOf(time: string, field: string): string {
  const ms = parseTime(time);
  if (ms === undefined) throw refusal(field, time, 'an ISO 8601 time');
  return new Date(ms).toISOString();
}

function refusal(field: string, value: string, expected: string): PerennialError {
  return new PerennialError('INVALID_INPUT', `${field} is ${value}; expected ${expected}.`, {
    field,
    value,
    expected,
  });
}
