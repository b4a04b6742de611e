import type { TopLevelSpec } from 'vega-lite';
import { toSvg } from '../../activities/pictures/svg.ts';
import { BLUE, FAINT, ORANGE } from '../../activities/pictures/theme.ts';
import { KINDS, wordsOf, type PolicyResult, type StudyResult } from './policies.ts';

/** Of each set: quality over time of one policy of each kind, and what each retraining of every policy brought. */
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
/** Drawn over time. */
const WEEKS = 4;

function overTime({ title, quality, policies }: StudyResult) {
  const drawn = KINDS.flatMap((kind) => {
    const ofKind = policies.filter((policy) => policy.kind === kind);
    return ofKind.find(({ weeks }) => weeks === WEEKS) ?? ofKind.at(0) ?? [];
  });
  const named = (policy: PolicyResult) => `${wordsOf(policy)} (${policy.retrainings})`;
  return {
    width: 520,
    height: 240,
    title: { text: title, subtitle: `${quality} of what was served, mean of four weeks` },
    data: {
      values: drawn.flatMap((policy) =>
        smoothed(policy.chunks).map(({ from, quality: value }) => ({
          at: from,
          value,
          policy: named(policy),
        })),
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
        sort: drawn.map(named),
        scale: { range: RANGE.slice(0, drawn.length) },
        legend: { orient: 'bottom' as const, columns: 1, labelLimit: 400 },
      },
    },
  };
}

function byRetrainings({ quality, better, policies }: StudyResult) {
  const color = {
    field: 'kind',
    type: 'nominal' as const,
    title: 'retrained',
    sort: KINDS.map((kind) => NAMES[kind]),
    scale: { domain: KINDS.map((kind) => NAMES[kind]), range: RANGE },
    legend: { orient: 'bottom' as const },
  };
  const x = { field: 'retrainings', type: 'quantitative' as const, title: 'retrainings' };
  const y = { field: 'mean', type: 'quantitative' as const, title: quality, scale: { zero: false } };
  return {
    width: 300,
    height: 240,
    title: {
      text: 'What it costs',
      subtitle: `${better} is better; beside each point its weeks, and its alpha`,
    },
    data: {
      values: policies.map(({ kind, weeks, alpha, retrainings, mean }) => ({
        kind: NAMES[kind],
        weeks: [weeks, alpha].filter((part) => part !== undefined).join(', '),
        retrainings,
        mean,
      })),
    },
    layer: [
      {
        mark: { type: 'line' as const, strokeWidth: 1, opacity: 0.5 },
        encoding: { x, y, color },
      },
      { mark: { type: 'point' as const, filled: true, size: 60 }, encoding: { x, y, color } },
      {
        mark: { type: 'text' as const, dy: -10, fontSize: 11 },
        encoding: { x, y, color, text: { field: 'weeks', type: 'nominal' as const } },
      },
    ],
  };
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
