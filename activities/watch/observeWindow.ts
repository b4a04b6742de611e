import { cancellationSignal } from '@temporalio/activity';
import { setImmediate } from 'node:timers/promises';
import { PerennialError } from '../../config/errors.ts';
import { parseTime } from '../../config/time.ts';
import { compareNumbers } from '../../decisions/watch/compareNumbers.ts';
import { estimateAccuracy } from '../../decisions/watch/estimatedQuality.ts';
import type { ColumnFacts, EstimatedQuality, WindowFacts } from '../../decisions/watch/facts.ts';
import { outlierShare } from '../../decisions/watch/outliers.ts';
import type { WatchPolicy } from '../../decisions/watch/policy.ts';
import { sortNumbers } from '../../decisions/watch/sortNumbers.ts';
import { METRICS, type MetricName } from '../../learning/metrics/names.ts';
import type { ModelVersionRow, Store } from '../../store/types.ts';
import type { TrainerDependencies } from '../dependencies.ts';
import { references } from '../reference.ts';
import { columnFacts, rounded } from './columnFacts.ts';
import {
  decodeDistributions,
  DISTRIBUTIONS_KIND,
  encodeDistributions,
  isMeasure,
  sampleRows,
  type Distributions,
} from './distributions.ts';
import { realisedQuality } from './realised.ts';
import { shorten } from './shorten.ts';
import { readWindow, type WindowRows } from './windowRows.ts';

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
      const columns = await compareColumns(window, reference, before, policy, signal);
      const due = stretchDue(from, to, policy.quality.labelHorizonMs);
      const labelled = store.watch.rows({ ...what, ...due, labelled: true }, { signal });
      const metric = await metricOf(store, champion);
      const { realised, label } = await realisedQuality(labelled, signature, reference, metric);
      const usualRows = await store.watch.usualRows(name, number, Date.parse(to) - Date.parse(from));
      const enoughLabels = (realised?.rows ?? 0) >= policy.quality.minLabels;
      const { score } = window.said;

      const whole: WindowFacts = {
        version,
        from,
        to,
        rows,
        compared: window.compared,
        ...(usualRows === undefined ? {} : { usualRows: Math.round(usualRows) }),
        tests: columns.filter(({ ignored }) => !ignored).length,
        columns,
        ...(reference.score && score.length > 0
          ? { prediction: rounded(compareNumbers(reference.score, sortNumbers(score))) }
          : {}),
        ...(label && enoughLabels ? { label: rounded(label) } : {}),
        ...(realised ? { realised } : {}),
        ...estimatedOf(window, reference),
        ...outliersOf(window, reference, policy),
      };
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

async function compareColumns(
  window: WindowRows,
  reference: Distributions,
  healthy: Distributions | undefined,
  policy: WatchPolicy,
  signal: AbortSignal,
): Promise<ColumnFacts[]> {
  // Without inputs in the log there is nothing to compare.
  if (window.compared === 0) return [];
  const before = new Map(healthy?.columns.map((column) => [column.name, column]));
  const ignore = new Set(policy.ignore);
  const facts: ColumnFacts[] = [];
  for (const [i, column] of reference.columns.entries()) {
    // An exact test takes up to 50 ms: between two the heart beats, and a cancellation is heard.
    await setImmediate();
    signal.throwIfAborted();
    const ignored = column.type === 'timestamp' || ignore.has(column.name);
    facts.push(columnFacts(column, window.columns[i], before.get(column.name), ignored));
  }
  return facts;
}

function stretchDue(from: string, to: string, horizonMs: number): { from: string; to: string } {
  const earlier = (time: string) => new Date(Date.parse(time) - horizonMs).toISOString();
  return { from: earlier(from), to: earlier(to) };
}

async function metricOf(store: Store, { name, runNumber }: ModelVersionRow): Promise<MetricName | undefined> {
  const metric = runNumber === undefined ? undefined : (await store.runs.get(name, runNumber))?.metric;
  return metric !== undefined && metric in METRICS ? (metric as MetricName) : undefined;
}

function estimatedOf({ said }: WindowRows, { model }: Distributions): { estimated?: EstimatedQuality } {
  const { confidence } = said;
  if (!model?.calibration || !model.estimated || !confidence?.length) return {};
  const { accuracy, se } = estimateAccuracy(model.calibration, confidence);
  return { estimated: { rows: confidence.length, accuracy, se, reference: model.estimated } };
}

/** Columns that are expected to move make no outlier. */
function outliersOf(
  { measures, compared }: WindowRows,
  { columns, model }: Distributions,
  { ignore }: WatchPolicy,
): { outliers?: number } {
  if (!model || measures.length === 0 || compared === 0) return {};
  const named = columns.filter(isMeasure);
  const scales = model.outliers.scales.map((scale, i) => (ignore.includes(named[i].name) ? 0 : scale));
  return { outliers: rounded({ share: outlierShare({ ...model.outliers, scales }, measures) }).share };
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
