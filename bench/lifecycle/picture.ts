import type { TopLevelSpec } from 'vega-lite';
import { toSvg } from '../../activities/pictures/svg.ts';
import { BLUE, FAINT, ORANGE } from '../../activities/pictures/theme.ts';
import { KINDS, wordsOf, type PolicyResult, type StudyResult } from './policies.ts';
import { summarise } from './replay/summary.ts';

/** Of each set: quality over time of one policy of each kind, and what the retrainings of every policy brought. */
export function drawStudy(results: readonly StudyResult[]): Promise<string> {
  const spec: TopLevelSpec = {
    spacing: 40,
    vconcat: results.map((result) => ({
      spacing: 40,
      hconcat: [overTime(result), byRetrainings(result)],
      // Their colours are of the same kinds under other names.
      resolve: { scale: { color: 'independent' as const } },
    })),
  };
  return toSvg(spec, `Quality under several policies: ${results.map(({ title }) => title).join(', ')}`);
}

const RANGE = [FAINT, ORANGE, BLUE];
const NAMES = { never: 'never', schedule: 'by the calendar', watch: 'by the watch' };
/** Of the calendar that is drawn over time. */
const WEEKS = 4;

/** The calendar of four weeks, and the watch that comes closest to it with no more retrainings. */
function overTime({ title, quality, policies }: StudyResult) {
  const all = summarise(policies);
  const calendars = all.filter(({ policy }) => policy.kind === 'schedule');
  const calendar = calendars.find(({ policy }) => policy.weeks === WEEKS) ?? calendars.at(0);
  const most = calendar?.summary.retrainings ?? Infinity;
  const watch = all
    .filter(({ policy, summary }) => policy.kind === 'watch' && summary.retrainings <= most)
    .sort((a, b) => b.summary.retrainings - a.summary.retrainings)
    .at(0);
  const never = all.find(({ policy }) => policy.kind === 'never');
  const named = [
    ...(never ? [{ ...never, as: NAMES.never }] : []),
    ...(calendar ? [{ ...calendar, as: wordsOf({ ...calendar.policy, phase: undefined }) }] : []),
    ...(watch ? [{ ...watch, as: wordsOf(watch.policy) }] : []),
  ].map(({ as, policy, summary }) => ({
    ...{ kind: policy.kind, label: `${as} (${Number(summary.retrainings.toFixed(1))})` },
    chunks: meanChunks(policies.filter((one) => isSame(one, policy))),
  }));
  return {
    width: 520,
    height: 240,
    title: { text: title, subtitle: `${quality} of what was served, mean of four weeks` },
    data: {
      values: named.flatMap(({ label, chunks }) =>
        smoothed(chunks).map(({ from, quality: value }) => ({ at: from, value, policy: label })),
      ),
    },
    mark: { type: 'line' as const, strokeWidth: 1.5 },
    encoding: {
      x: { field: 'at', type: 'temporal' as const, title: null },
      y: { field: 'value', type: 'quantitative' as const, title: quality, scale: { zero: false } },
      color: {
        field: 'policy',
        type: 'nominal' as const,
        title: 'retrained (times)',
        sort: named.map(({ label }) => label),
        scale: { range: named.map(({ kind }) => RANGE[KINDS.indexOf(kind)]) },
        legend: { orient: 'bottom' as const, columns: 1, labelLimit: 400 },
      },
    },
  };
}

function byRetrainings({ quality, better, policies }: StudyResult) {
  const color = {
    field: 'line',
    type: 'nominal' as const,
    title: 'retrained',
    scale: { domain: [NAMES.schedule, NAMES.watch], range: RANGE.slice(1) },
    legend: { orient: 'bottom' as const },
  };
  const x = { field: 'retrainings', type: 'quantitative' as const, title: 'retrainings' };
  const y = { field: 'mean', type: 'quantitative' as const, title: quality, scale: { zero: false } };
  const values = summarise(policies).map(({ policy, summary }) => ({
    // A calendar that never comes is the first of its line.
    line: NAMES[policy.kind === 'watch' ? 'watch' : 'schedule'],
    label: labelOf(policy),
    // On its line's better side; a watch of another alpha on the other, as it is often close to one that is stale sooner.
    above: (policy.kind === 'watch' && policy.alpha === undefined) === (better === 'higher'),
    ...{ retrainings: summary.retrainings, mean: summary.mean.value },
    ...{
      low: summary.mean.value - (summary.mean.se ?? 0),
      high: summary.mean.value + (summary.mean.se ?? 0),
    },
  }));
  const text = (dy: number, above: boolean) => ({
    data: { values: values.filter((value) => value.above === above) },
    mark: { type: 'text' as const, dy, fontSize: 11 },
    encoding: { x, y, color, text: { field: 'label', type: 'nominal' as const } },
  });
  return {
    width: 300,
    height: 240,
    title: {
      text: 'What it costs',
      subtitle: `${better} is better; beside each point its weeks, of the watch after how many it is stale`,
    },
    data: { values },
    layer: [
      { mark: { type: 'line' as const, strokeWidth: 1, opacity: 0.5 }, encoding: { x, y, color } },
      {
        mark: { type: 'rule' as const, strokeWidth: 1 },
        encoding: {
          ...{ x, color },
          y: { ...y, field: 'low' },
          y2: { field: 'high' },
        },
      },
      { mark: { type: 'point' as const, filled: true, size: 50 }, encoding: { x, y, color } },
      text(-11, true),
      text(13, false),
    ],
  };
}

function labelOf({ kind, weeks, stale, alpha }: PolicyResult): string {
  if (kind === 'never') return 'never';
  if (kind === 'schedule') return String(weeks);
  return [stale, alpha && `α ${alpha}`].filter(Boolean).join(', ') || '-';
}

function isSame(one: PolicyResult, other: PolicyResult): boolean {
  return wordsOf({ ...one, phase: undefined }) === wordsOf({ ...other, phase: undefined });
}

/** Of the same weeks, over phases and names. */
function meanChunks(runs: readonly PolicyResult[]): PolicyResult['chunks'] {
  return runs[0].chunks.map((chunk, i) => ({
    ...chunk,
    quality: runs.reduce((sum, { chunks }) => sum + chunks[i].quality, 0) / runs.length,
  }));
}

const CHUNKS = 4;

function smoothed<C extends { from: string; rows: number; quality: number }>(chunks: readonly C[]) {
  return chunks.flatMap((chunk, i) => {
    const part = chunks.slice(Math.max(0, i - CHUNKS + 1), i + 1);
    if (part.length < CHUNKS) return [];
    const rows = part.reduce((sum, { rows: n }) => sum + n, 0);
    return [{ from: chunk.from, quality: part.reduce((sum, c) => sum + c.quality * c.rows, 0) / rows }];
  });
}
