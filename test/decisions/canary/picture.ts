import type { TopLevelSpec } from 'vega-lite';
import { toSvg } from '../../../activities/pictures/svg.ts';
import { BLUE, FAINT, ORANGE } from '../../../activities/pictures/theme.ts';

export interface Curve {
  panel: string;
  name: string;
  /** Of each rollout: the request at which it was rolled back, or Infinity. */
  first: readonly number[];
  /** Where the axis ends. */
  until: number;
}

const POINTS = 200;
const COLOURS = [BLUE, ORANGE, '#009e73', '#cc79a7'];

/** Rollbacks over the requests of a rollout: on the left those that should not be, on the right those that should. */
export function drawCanary(curves: readonly Curve[]): Promise<string> {
  const [equal, worse] = ['equal', 'worse'].map((panel) => curves.filter((curve) => curve.panel === panel));
  const spec: TopLevelSpec = {
    spacing: 48,
    hconcat: [
      panel(
        equal,
        'A challenger that is no worse',
        'Rolled back so far, of 1,000 rollouts, looked at every 200 requests.',
        [ORANGE, BLUE],
        0.01,
      ),
      panel(
        worse,
        'A challenger that is worse',
        'Rolled back so far, of 500 rollouts, looked at every 100 requests.',
        COLOURS,
      ),
    ],
    resolve: { scale: { color: 'independent' } },
  };
  return toSvg(
    spec,
    'Share of rollouts rolled back, over requests, without and with a difference between the versions.',
  );
}

function panel(
  curves: readonly Curve[],
  text: string,
  subtitle: string,
  colours: string[],
  declared?: number,
) {
  const names = curves.map(({ name }) => name);
  const [{ until }] = curves;
  const top = declared === undefined ? 1 : 0.2;
  return {
    title: { text, subtitle, frame: 'group' as const },
    width: 400,
    height: 280,
    layer: [
      {
        data: { values: curves.flatMap(pointsOf) },
        mark: { type: 'line' as const, strokeWidth: 2.5, interpolate: 'step-after' as const, clip: true },
        encoding: {
          x: {
            field: 'requests',
            type: 'quantitative' as const,
            title: 'Requests, 10 % of them the challenger’s',
            scale: { domain: [0, until], nice: false },
            axis: { format: ',d', tickCount: 6 },
          },
          y: {
            field: 'share',
            type: 'quantitative' as const,
            title: null,
            scale: { domain: [0, top], nice: false },
            axis: { format: '.0%', tickCount: 6 },
          },
          color: {
            field: 'name',
            type: 'nominal' as const,
            title: null,
            scale: { domain: names, range: colours },
            legend: { orient: 'bottom' as const, columns: 2 },
          },
        },
      },
      ...(declared === undefined
        ? []
        : [
            {
              data: { values: [{ share: declared }] },
              mark: { type: 'rule' as const, color: FAINT, strokeDash: [5, 4], strokeWidth: 1.5 },
              encoding: { y: { field: 'share', type: 'quantitative' as const } },
            },
            {
              data: { values: [{ share: declared, requests: until, text: 'declared: 1 %' }] },
              mark: { type: 'text' as const, align: 'right' as const, dy: -9, color: FAINT, fontSize: 12 },
              encoding: {
                x: { field: 'requests', type: 'quantitative' as const },
                y: { field: 'share', type: 'quantitative' as const },
                text: { field: 'text' },
              },
            },
          ]),
    ],
  };
}

function pointsOf({ name, first, until }: Curve): { name: string; requests: number; share: number }[] {
  return Array.from({ length: POINTS + 1 }, (_, i) => {
    const requests = Math.round((until * i) / POINTS);
    return { name, requests, share: first.filter((at) => at <= requests).length / first.length };
  });
}
