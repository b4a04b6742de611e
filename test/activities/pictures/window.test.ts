import { describe, expect, test } from 'vitest';
import { drawWindow, type WindowPicture } from '../../../activities/pictures/window.ts';
import type { WindowVerdict } from '../../../decisions/watch/verdict.ts';

const VERDICT: WindowVerdict = {
  state: 'fault',
  drifted: [{ column: 'size', effect: 0.4 }],
  predictionDrifted: true,
  labelDrifted: false,
  quality: 'holds',
  estimated: 'holds',
  faults: [
    { kind: 'missing', column: 'weight <&>\u0000', message: '300 of 300 values of weight are missing.' },
  ],
  reason: 'The window is broken.',
};

function picture(columns: number): WindowPicture {
  const shift = { test: 'ks', p: 0.01, effect: 0.05 } as const;
  const share = { missing: 0, referenceMissing: 0 };
  return {
    name: 'parcels',
    number: 1_234,
    threshold: 0.1,
    signal: { drift: false, fall: false, belowFloor: false, fault: true, reason: '' },
    verdict: VERDICT,
    facts: {
      ...{ version: 2, from: '2026-01-01T00:00:00.000Z', to: '2026-01-01T01:00:00.000Z' },
      ...{ rows: 300, compared: 300, tests: columns },
      columns: [
        { column: 'weight <&>\u0000', ...shift, ...share, effect: 0, missing: 1 },
        { column: 'size', ...shift, ...share, effect: 0.4 },
        { column: 'sent_at', ...shift, ...share, effect: 1, ignored: true },
        ...Array.from({ length: columns }, (_, i) => ({ column: `c${i}`, ...shift, ...share })),
      ],
      prediction: { ...shift, effect: 0.2 },
      realised: {
        ...{ rows: 280, loss: 'zeroOne', mean: 0.1234, sd: 0.3 },
        reference: { rows: 600, mean: 0.1, sd: 0.3 },
        metric: { name: 'rocAuc', better: 'higher', value: 0.91, se: 0.012 },
      },
      estimated: {
        ...{ rows: 300, accuracy: 0.88, se: 0.01 },
        reference: { estimated: 0.9, realised: 0.9, rows: 600 },
      },
    },
  };
}

describe('the picture of a window', () => {
  test('names what differs and what is broken, with the quality, and is the same every time', async () => {
    const svg = (await drawWindow(picture(3))) ?? '';
    expect(await drawWindow(picture(3))).toBe(svg);
    for (const text of ['Window 1,234 of parcels: fault', 'size', 'the score', '0.1234', 'rocAuc', '0.8800'])
      expect(svg).toContain(text);
    expect(svg).not.toContain('sent_at');
    expect(svg).not.toContain('\u0000');
  });

  test('shows the farthest of many columns, and is none of a window without any', async () => {
    const svg = (await drawWindow(picture(300))) ?? '';
    expect(svg).toContain('The first 30 of 303.');
    expect(svg.length).toBeLessThan(60_000);
    const empty = picture(0);
    Object.assign(empty.facts, { columns: [], prediction: undefined });
    expect(await drawWindow(empty)).toBeUndefined();
  });
});
