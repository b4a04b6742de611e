import type { TopLevelSpec } from 'vega-lite';
import type { Importance } from '../../learning/importance.ts';
import { METRICS, type MetricName } from '../../learning/metrics/names.ts';
import { toSvg } from './svg.ts';
import { labelsOf } from './text.ts';
import { BLUE, FAINT, INK } from './theme.ts';

const MAX_BARS = 30;

/**
 * What each raw column is worth to the model: how much worse the metric becomes with its values shuffled.
 *
 * @param importance by falling mean
 * @returns undefined where nothing was measured
 */
export async function drawImportance(
  importance: readonly Importance[],
  metric: MetricName,
): Promise<string | undefined> {
  if (importance.length === 0) return undefined;
  const { title, better } = METRICS[metric];
  const shown = importance.slice(0, MAX_BARS);
  const labels = labelsOf(shown.map(({ column }) => column));
  const repeats = shown[0].scores.length;
  const left = importance.length > MAX_BARS ? ` The first ${MAX_BARS} of ${importance.length} columns.` : '';
  const values = shown.map(({ mean, interval: [low, high] = [mean, mean] }, i) => ({
    column: labels[i],
    ...{ mean, low, high },
  }));

  const spec: TopLevelSpec = {
    title: {
      text: 'What the model relies on',
      subtitle: [
        `Permutation importance of the raw columns: mean of ${repeats} shuffles of hold-out rows,`,
        `with its 95 % interval over the shuffles. Columns that say the same thing share theirs.${left}`,
      ],
    },
    data: { values },
    width: 460,
    height: { step: 24 },
    encoding: { y: { field: 'column', type: 'nominal', sort: null, title: null } },
    layer: [
      {
        mark: { type: 'bar', color: BLUE, height: { band: 0.68 } },
        encoding: {
          x: {
            field: 'mean',
            type: 'quantitative',
            title: `${better === 'higher' ? 'Loss' : 'Rise'} of ${title} when the column is shuffled`,
            axis: { tickCount: 6 },
          },
        },
      },
      { mark: { type: 'rule', color: FAINT, strokeWidth: 1 }, encoding: { x: { datum: 0 }, y: {} } },
      {
        mark: { type: 'rule', color: INK, strokeWidth: 1.5 },
        encoding: { x: { field: 'low', type: 'quantitative' }, x2: { field: 'high' } },
      },
    ],
  };
  return toSvg(spec, `Permutation importance; the most important column is ${labels[0]}.`);
}
