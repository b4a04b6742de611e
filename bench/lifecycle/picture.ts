import type { TopLevelSpec } from 'vega-lite';
import { toSvg } from '../../activities/pictures/svg.ts';
import { BLUE, FAINT, ORANGE } from '../../activities/pictures/theme.ts';
import { POLICIES, WORDS, type Policy, type StudyResult } from './policies.ts';

/** Quality over time, four chunks at a time, under each policy; one panel a set. */
export function drawStudy(results: readonly StudyResult[]): Promise<string> {
  const spec: TopLevelSpec = {
    spacing: 40,
    vconcat: results.map(({ title, quality, policies }) => ({
      width: 640,
      height: 220,
      title: { text: title, subtitle: `${quality} of what was served, mean of four weeks` },
      data: {
        values: POLICIES.flatMap((policy) =>
          smoothed(policies[policy]?.chunks ?? []).map(({ from, quality: value }) => ({
            at: from,
            value,
            policy: named(policies, policy),
          })),
        ),
      },
      mark: { type: 'line', strokeWidth: 1.5 },
      encoding: {
        x: { field: 'at', type: 'temporal', title: null },
        y: { field: 'value', type: 'quantitative', title: quality, scale: { zero: false } },
        color: {
          field: 'policy',
          type: 'nominal',
          title: 'retrained',
          sort: POLICIES.map((policy) => named(policies, policy)),
          scale: { range: [FAINT, ORANGE, BLUE] },
        },
      },
    })),
    resolve: { scale: { color: 'independent' } },
  };
  return toSvg(
    spec,
    `Quality over time under three policies: ${results.map(({ title }) => title).join(', ')}`,
  );
}

function named(policies: StudyResult['policies'], policy: Policy): string {
  return `${WORDS[policy]} (${policies[policy]?.retrainings ?? 0} retrainings)`;
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
