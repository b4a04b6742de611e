import { describeReference } from '../../../activities/reference.ts';
import { loggedWidth } from '../../../activities/watch/answers.ts';
import { sampleRows, type Distributions } from '../../../activities/watch/distributions.ts';
import { stretchDue } from '../../../activities/watch/observeWindow.ts';
import { realisedQuality } from '../../../activities/watch/realised.ts';
import { windowFacts } from '../../../activities/watch/windowFacts.ts';
import { readWindow } from '../../../activities/watch/windowRows.ts';
import type { RawBatch } from '../../../config/raw.ts';
import type { WindowFacts } from '../../../decisions/watch/facts.ts';
import type { WatchPolicy } from '../../../decisions/watch/policy.ts';
import type { WatchedRow } from '../../../store/lifecycleTypes.ts';
import type { TrainedModel } from './models.ts';
import type { Past } from './past.ts';

export interface Observed {
  facts: WindowFacts;
  /** What the next windows are held against. */
  sample: Distributions;
}

interface Window {
  /** The champion of the window, and since when it answers (epoch ms). */
  champion: { version: number; model: TrainedModel; since: number };
  /** Epoch ms. */
  from: number;
  to: number;
  healthy?: Distributions;
}

/** Looks at windows as the watch's activity does; what two policies see alike is looked at once. */
export function windowsOf(past: Past, name: string) {
  const references = new Map<TrainedModel, Distributions>();
  const referenceOf = (model: TrainedModel): Distributions => {
    const found = references.get(model) ?? makeReference(past, name, model);
    references.set(model, found);
    return found;
  };

  const known = new Map<string, Promise<Observed>>();
  return ({ healthy, ...window }: Window, policy: WatchPolicy): Promise<Observed> => {
    const { model, since, version } = window.champion;
    const { ignore, quality } = policy;
    const what = [
      model.asOf,
      since,
      version,
      window.from,
      window.to,
      healthy?.of,
      ignore,
      quality.labelHorizonMs,
    ];
    const key = JSON.stringify([...what, quality.minLabels]);
    const found = known.get(key) ?? look({ healthy, ...window }, policy);
    known.set(key, found);
    return found;
  };

  async function look(window: Window, policy: WatchPolicy): Promise<Observed> {
    const { champion, from, to, healthy } = window;
    const { model, version } = champion;
    const reference = referenceOf(model);
    const asked = rowsBetween(past, champion, from, to);
    const seen = await readWindow(
      batchOf(past, model, asked, false),
      model.signature,
      reference.columns,
      Infinity,
    );
    const due = stretchDue(iso(from), iso(to), policy.quality.labelHorizonMs);
    const told = rowsBetween(past, champion, Date.parse(due.from), Date.parse(due.to)).filter(
      (row) => past.at[row] + past.set.labelDelayMs <= to,
    );
    const realised = await realisedQuality(
      batchOf(past, model, told, true),
      model.signature,
      reference,
      model.metric,
    );
    const facts = await windowFacts(
      {
        version,
        from: iso(from),
        to: iso(to),
        rows: asked.length,
        window: seen,
        reference,
        healthy,
        ...realised,
      },
      policy,
      new AbortController().signal,
    );
    const sample = {
      of: { name, version },
      rows: seen.compared,
      columns: seen.sample,
      score: seen.sampleScore,
    };
    return { facts, sample };
  }
}

function makeReference(past: Past, name: string, model: TrainedModel): Distributions {
  const { signature, train, test } = model;
  const { target, columns } = past.set;
  const width = signature.classes?.length ?? 1;
  const sample = pick(past, train.subarray(0, sampleRows(columns.length + 1, MAX_SAMPLE)));
  const profile = [
    ...columns.map((column) => {
      const [min, max] = rangeOf(past.raw.columns[column], train);
      return {
        name: column,
        type: 'number' as const,
        rows: train.length,
        missing: 0,
        distinct: NaN,
        min,
        max,
      };
    }),
    {
      ...{ name: target, type: signature.classes ? ('string' as const) : ('number' as const) },
      ...{ rows: train.length, missing: 0, distinct: NaN, top: topOf(past, model) },
    },
  ];
  return describeReference({
    of: { name, version: 0 },
    ...{ signature, profile, sample, sqlTypes: new Map() },
    holdOut: {
      y: Float64Array.from(test, (row) => past.y[row]),
      predictions: answersOf(model, test, width),
    },
  });
}

/** Rows of a reference's numbers; see activities/reference.ts. */
const MAX_SAMPLE = 10_000;

function topOf(
  { y }: Past,
  { signature, train }: TrainedModel,
): { value: string; count: number }[] | undefined {
  return signature.classes
    ?.map((value, index) => ({
      value: String(value),
      count: train.reduce((n, row) => n + Number(y[row] === index), 0),
    }))
    .sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1));
}

/** [rows, width] of the rows that are listed. */
export function answersOf({ predictions }: TrainedModel, rows: Int32Array, width: number): Float64Array {
  const answers = new Float64Array(rows.length * width);
  rows.forEach((row, i) => answers.set(predictions.subarray(row * width, (row + 1) * width), i * width));
  return answers;
}

function pick(past: Past, rows: Int32Array): RawBatch {
  const columns: RawBatch['columns'] = {};
  for (const name of past.set.columns)
    columns[name] = Float64Array.from(rows, (row) => Number(past.raw.columns[name][row]));
  columns[past.set.target] = Float64Array.from(rows, (row) => past.y[row]);
  return { rows: rows.length, columns };
}

function rangeOf(values: RawBatch['columns'][string], rows: Int32Array): [number, number] {
  let [min, max] = [Infinity, -Infinity];
  for (const row of rows) {
    min = Math.min(min, Number(values[row]));
    max = Math.max(max, Number(values[row]));
  }
  return [min, max];
}

/** Rows that this champion answered. */
function rowsBetween({ at }: Past, { since }: Window['champion'], from: number, to: number): number[] {
  const rows: number[] = [];
  for (let row = 0; row < at.length; row++)
    if (at[row] >= Math.max(from, since) && at[row] < to) rows.push(row);
  return rows;
}

async function* batchOf(
  { set, at }: Past,
  { predictions, signature }: TrainedModel,
  rows: readonly number[],
  labelled: boolean,
): AsyncGenerator<WatchedRow[]> {
  const width = signature.classes?.length ?? 1;
  const [from, to] = loggedWidth(signature) < width ? [positiveOf(signature), 1] : [0, width];
  yield await Promise.resolve(
    rows.map((row, i) => ({
      key: set.rows[row].key,
      place: i + 1,
      at: iso(at[row]),
      inputs: numbersIn(set.rows[row].inputs),
      outputs: Array.from(predictions.subarray(row * width + from, row * width + from + to)),
      ...(labelled ? { label: set.rows[row].truth } : {}),
    })),
  );
}

function positiveOf({ positive = 1 }: TrainedModel['signature']): number {
  return positive;
}

function numbersIn(inputs: Past['set']['rows'][number]['inputs']): NonNullable<WatchedRow['inputs']> {
  return Object.fromEntries(Object.entries(inputs).map(([name, value]) => [name, Number(value)]));
}

const iso = (ms: number): string => new Date(ms).toISOString();
