import { describe, expect, test } from 'vitest';
import type { ColumnFacts, RealisedQuality, WindowFacts } from '../../../decisions/watch/facts.ts';
import { isHealthy } from '../../../decisions/watch/follow.ts';
import { judgeWatch } from '../../../decisions/watch/judgeWatch.ts';
import { judgeWindow } from '../../../decisions/watch/judgeWindow.ts';
import { countLasted, type Judged } from '../../../decisions/watch/lasted.ts';
import type { WindowVerdict } from '../../../decisions/watch/verdict.ts';
import { columnOf, factsOf, policyOf } from './samples.ts';

/** Which facts lead to which verdict, and which verdicts to a signal. */

const policy = policyOf();
const judge = (over: Partial<WindowFacts>, by = policy) => judgeWindow(factsOf(over), by);
const moved = columnOf({ column: 'age', p: 1e-9, effect: 0.3 });
const many = (n: number) => Array.from({ length: n }, (_, i) => columnOf({ column: `f${i}` }));

describe('a window', () => {
  test('is clean, and says by how many rows and columns', () => {
    expect(judge({ columns: many(20) })).toEqual({
      state: 'clean',
      drifted: [],
      predictionDrifted: false,
      labelDrifted: false,
      quality: 'unknown',
      estimated: 'unknown',
      faults: [],
      reason: 'Nothing of 20 columns by 300 rows differs from the reference at q 0.01 and effect 0.1.',
    });
  });

  test('is shifted where a column differs by more than chance and by enough', () => {
    const verdict = judge({ columns: [moved, ...many(19)] });
    expect(verdict).toMatchObject({ state: 'shifted', drifted: [{ column: 'age', effect: 0.3 }] });
    expect(verdict.reason).toBe(
      'Differs from the reference, of 20 columns by 300 rows at q 0.01 and effect 0.1: column age (effect 0.3, p 1.00e-9).',
    );
    // Certain but small, and large but chance.
    expect(judge({ columns: [columnOf({ p: 1e-9, effect: 0.09 })] }).state).toBe('clean');
    expect(judge({ columns: [columnOf({ p: 0.011, effect: 0.5 })] }).state).toBe('clean');
  });

  test('counts every test that was made, also those of which it does not hold the p', () => {
    const columns = [columnOf({ p: 0.004, effect: 0.3 })];
    expect(judge({ columns, tests: 1 }).state).toBe('shifted');
    expect(judge({ columns, tests: 3 }).state).toBe('clean');
  });

  test('is shifted by its score or its label alone, which count as tests too', () => {
    const shift = { test: 'ks', p: 0.002, effect: 0.2 } as const;
    expect(judge({ columns: many(3), prediction: shift })).toMatchObject({
      state: 'shifted',
      predictionDrifted: true,
      labelDrifted: false,
      drifted: [],
    });
    expect(judge({ columns: many(3), label: shift })).toMatchObject({ state: 'shifted', labelDrifted: true });
    expect(judge({ columns: many(20), label: shift }).state).toBe('clean');
  });

  test('names the largest effects first, at most 20', () => {
    const columns = many(30).map((column, i) => ({ ...column, p: 1e-20, effect: 0.2 + i / 100 }));
    const { drifted, reason } = judge({ columns });
    expect(drifted).toHaveLength(20);
    expect(drifted[0]).toEqual({ column: 'f29', effect: 0.49 });
    expect(reason).toContain('and 27 more.');
  });

  test('is not judged by ignored columns, whoever ignores them', () => {
    const broken = { ...moved, missing: 0.9, outOfRange: 0.9 };
    expect(judge({ columns: [{ ...broken, ignored: true }] }).state).toBe('clean');
    expect(judge({ columns: [broken] }, policyOf({ ignore: ['age'] })).state).toBe('clean');
  });

  test('of too few rows says nothing of shifts', () => {
    const verdict = judge({ columns: [moved], rows: 199, compared: 199 });
    expect(verdict).toMatchObject({ state: 'insufficient', drifted: [] });
    expect(verdict.reason).toBe('199 rows of at least 200 are too few to judge.');
    expect(judge({ columns: [], rows: 0, compared: 0, tests: 0 }).state).toBe('insufficient');
  });
});

describe('broken data', () => {
  test.each([
    {
      column: columnOf({ missing: 0.5, referenceMissing: 0.02 }),
      kind: 'missing',
      message:
        '150 of 300 (50 %) values of age are missing, 2 % in the reference: more than 20 points above it.',
    },
    {
      column: columnOf({ unseen: 0.4, missing: 0.5, referenceMissing: 0.5 }),
      kind: 'unseen',
      message:
        '60 of 150 (40 %) values of age were never seen in training, 0 % in the reference: more than 20 points above it.',
    },
    {
      column: columnOf({ outOfRange: 1 }),
      kind: 'out-of-range',
      message:
        '300 of 300 (100 %) values of age lie outside the range of training, 0 % in the reference: more than 20 points above it.',
    },
    {
      column: columnOf({ outOfRange: 0.7, sinceHealthy: { p: 1e-9, effect: 0.6, outOfRange: 0.1 } }),
      kind: 'out-of-range',
      message:
        '210 of 300 (70 %) values of age lie outside the range of training, 10 % in the last healthy window: more than 20 points above it.',
    },
    {
      column: columnOf({
        effect: 0.9,
        sinceHealthy: { p: 1e-9, effect: 0.8 },
        scale: { slope: 1.8, intercept: 32, r2: 0.998, offset: 0.47 },
      }),
      kind: 'unit',
      message:
        'The deciles of age are 1.8 times those of the last healthy window plus 32 (r2 0.998, effect 0.8): look for a change of unit.',
    },
    {
      column: columnOf({ effect: 0.9, scale: { slope: 0.01, intercept: -1, r2: 1, offset: -0.1 } }),
      kind: 'unit',
      message:
        "The deciles of age are 0.01 times the reference's minus 1 (r2 1, effect 0.9): look for a change of unit.",
    },
  ])('is a fault, even where the column has moved too: $kind', ({ column, kind, message }) => {
    const verdict = judge({ columns: [{ ...column, p: 1e-12, effect: Math.max(0.3, column.effect) }] });
    expect(verdict.state).toBe('fault');
    expect(verdict.faults).toEqual([{ kind, column: 'age', message }]);
    expect(verdict.reason).toContain(message);
  });

  test.each([
    { name: 'as much missing as in training', column: columnOf({ missing: 0.5, referenceMissing: 0.45 }) },
    { name: 'less missing', column: columnOf({ missing: 0, referenceMissing: 0.5 }) },
    { name: 'few unseen', column: columnOf({ unseen: 0.1, outOfRange: 0.2 }) },
    {
      name: 'a small slope',
      column: columnOf({ effect: 0.5, scale: { slope: 1.5, intercept: 0, r2: 1, offset: 0 } }),
    },
    {
      name: 'another shape',
      column: columnOf({ effect: 0.5, scale: { slope: 2, intercept: 0, r2: 0.95, offset: 0 } }),
    },
    {
      name: 'a slow change',
      column: columnOf({
        effect: 0.5,
        sinceHealthy: { p: 0.1, effect: 0.1 },
        scale: { slope: 2, intercept: 0, r2: 1, offset: 0 },
      }),
    },
    {
      name: 'a warm week beside a winter: narrower, around a middle of its own',
      column: columnOf({ effect: 0.77, scale: { slope: 0.575, intercept: 0.487, r2: 0.99, offset: 0.7 } }),
    },
    {
      name: 'a range that was left little by little',
      column: columnOf({ outOfRange: 0.5, sinceHealthy: { p: 1e-9, effect: 0.3, outOfRange: 0.35 } }),
    },
    {
      name: 'a category that has been coming for a while',
      column: columnOf({ unseen: 0.4, sinceHealthy: { p: 0.1, effect: 0.1, unseen: 0.25 } }),
    },
  ])('is not: $name', ({ column }) => {
    expect(judge({ columns: [column] }).faults).toEqual([]);
  });

  test('is told of few rows where it is beyond chance, without judging them', () => {
    const column = columnOf({ missing: 1 });
    expect(judge({ rows: 60, compared: 60, columns: [column] })).toMatchObject({
      state: 'insufficient',
      faults: [{ kind: 'missing' }],
    });
    expect(judge({ rows: 3, compared: 3, columns: [columnOf({ missing: 1 / 3 })] }).faults).toEqual([]);
    const unit = columnOf({ effect: 1, scale: { slope: 9, intercept: 0, r2: 1, offset: 0 } });
    expect(judge({ rows: 60, compared: 60, columns: [unit] }).faults).toEqual([]);
  });

  test('of volume is told where it is declared', () => {
    const declared = policyOf({ data: { volume: {} } });
    expect(judge({ rows: 0, compared: 0, usualRows: 1000 }, declared)).toMatchObject({
      state: 'insufficient',
      faults: [
        { kind: 'volume', message: '0 rows came where 1,000 are usual, less than 0.2 times as many.' },
      ],
    });
    expect(judge({ rows: 6000, usualRows: 1000 }, declared).state).toBe('fault');
    expect(judge({ rows: 6000, usualRows: 1000 }).state).toBe('clean');
    expect(judge({ rows: 300 }, declared).state).toBe('clean');
    expect(judge({ rows: 900, usualRows: 1000 }, declared).state).toBe('clean');
    // A pause where ten rows are usual is chance.
    expect(judge({ rows: 1, compared: 1, usualRows: 10 }, declared).faults).toEqual([]);
  });

  test('is told at most 20 times', () => {
    const columns = many(50).map((column) => ({ ...column, missing: 1 }));
    const { faults, reason } = judge({ columns });
    expect(faults).toHaveLength(20);
    expect(reason).toContain('And 19 more faults.');
  });
});

describe('quality by labels', () => {
  const at = (mean: number, over: Partial<RealisedQuality> = {}): RealisedQuality => ({
    rows: 1000,
    loss: 'zeroOne',
    mean,
    sd: Math.sqrt(mean * (1 - mean)),
    reference: { rows: 5000, mean: 0.1, sd: 0.3 },
    ...over,
  });
  const qualityOf = (realised: RealisedQuality, by = policy) => judge({ realised }, by).quality;

  test('falls beyond the margin and beyond chance', () => {
    expect(qualityOf(at(0.1))).toBe('holds');
    // 12 % is the margin itself.
    expect(qualityOf(at(0.14))).toBe('holds');
    expect(qualityOf(at(0.16))).toBe('fell');
    expect(qualityOf(at(0.16, { rows: 199 }))).toBe('unknown');
    expect(qualityOf(at(0.16), policyOf({ quality: { margin: 0.05 } }))).toBe('holds');
    expect(judge({ realised: at(0.16) }).reason).toContain(
      'Mean error rate 0.16 by 1,000 labels, 0.1 on the hold-out: above it by more than 0.02 (p 5.97e-4).',
    );
  });

  test('holds as often as alpha says at the margin itself', () => {
    const limit = 0.12 + 2.3263 * Math.hypot(Math.sqrt(0.15 * 0.85) / Math.sqrt(1000), 0.3 / Math.sqrt(5000));
    expect(qualityOf(at(limit - 1e-4, { sd: Math.sqrt(0.15 * 0.85) }))).toBe('holds');
    expect(qualityOf(at(limit + 1e-4, { sd: Math.sqrt(0.15 * 0.85) }))).toBe('fell');
  });

  test('is certain without any spread', () => {
    const reference = { rows: 100, mean: 0, sd: 0 };
    expect(qualityOf(at(1, { sd: 0, reference }))).toBe('fell');
    expect(qualityOf(at(0, { sd: 0, reference }))).toBe('holds');
  });

  test('is below the floor only where the metric certainly is', () => {
    const metric = { name: 'rocAuc', better: 'higher', value: 0.7, se: 0.01 } as const;
    const floor = (atLeast: number) => policyOf({ quality: { atLeast } });
    expect(qualityOf(at(0.1, { metric }), floor(0.73))).toBe('below-floor');
    expect(qualityOf(at(0.1, { metric }), floor(0.72))).toBe('holds');
    expect(qualityOf(at(0.1, { metric, rows: 100 }), floor(0.9))).toBe('unknown');
    expect(qualityOf(at(0.1), floor(0.9))).toBe('holds');
    const error = { name: 'rmse', better: 'lower', value: 5, se: 0.1 } as const;
    expect(qualityOf(at(0.1, { metric: error }), policyOf({ quality: { atMost: 4.7 } }))).toBe('below-floor');
    expect(qualityOf(at(0.1, { metric: error }), policyOf({ quality: { atMost: 4.8 } }))).toBe('holds');
    expect(judge({ realised: at(0.1, { metric }) }, floor(0.73)).reason).toContain(
      'rocAuc 0.7 (standard error 0.01) is certainly below 0.73, by 1,000 labels.',
    );
  });

  test('is estimated without them', () => {
    const estimated = {
      rows: 300,
      accuracy: 0.8,
      se: 0.008,
      reference: { estimated: 0.9, realised: 0.91, rows: 5000 },
    };
    expect(judge({ estimated })).toMatchObject({ estimated: 'fell', quality: 'unknown', state: 'clean' });
    expect(judge({ estimated: { ...estimated, accuracy: 0.87 } }).estimated).toBe('holds');
    expect(judge({ estimated: { ...estimated, se: 0.1 } }).estimated).toBe('holds');
    expect(judge({ estimated: { ...estimated, rows: 100 } }).estimated).toBe('unknown');
    expect(judge({ estimated }).reason).toContain(
      'Accuracy is estimated at 0.8 without labels, by 300 rows, and was at 0.9 on the hold-out (really 0.91): lower by more than 0.02',
    );
  });
});

describe('the last windows', () => {
  const verdict = (over: Partial<WindowVerdict> = {}): WindowVerdict => ({ ...judge({}), ...over });
  const clean = verdict();
  const shifted = verdict({ state: 'shifted' });
  const few = verdict({ state: 'insufficient' });
  const fault = verdict({
    state: 'fault',
    quality: 'fell',
    faults: [{ kind: 'volume', message: 'No rows came.' }],
    reason: 'No rows came.',
  });
  const drifts = (...verdicts: WindowVerdict[]) => judgeWatch(verdicts, policy).drift;

  test('drift where two of three are shifted', () => {
    expect(drifts(shifted)).toBe(false);
    expect(drifts(shifted, shifted)).toBe(true);
    expect(drifts(shifted, clean, shifted)).toBe(true);
    expect(drifts(shifted, shifted, clean)).toBe(true);
    expect(drifts(shifted, clean, clean, shifted)).toBe(false);
    expect(drifts(shifted, few, few, few, shifted)).toBe(true);
    expect(judgeWatch([shifted, clean, shifted], policy).reason).toMatch(
      /^Drift in 2 of the last 3 windows that can tell, quality lower in 0 of the last 0 windows that can tell; an alarm needs 2\./,
    );
  });

  test('say only that they are broken while the newest is; a broken one counts for nothing', () => {
    expect(judgeWatch([shifted, shifted, fault], policy)).toEqual({
      drift: false,
      fall: false,
      belowFloor: false,
      fault: true,
      reason: 'The newest window is broken, so nothing else is concluded. No rows came.',
    });
    expect(judgeWatch([fault, fault, clean], policy)).toMatchObject({
      drift: false,
      fall: false,
      fault: false,
    });
    expect(drifts(shifted, fault, shifted)).toBe(true);
    expect(drifts(shifted, fault, fault, shifted)).toBe(false);
    expect(judgeWatch([{ ...few, faults: fault.faults }], policy).fault).toBe(true);
  });

  const fell = verdict({ quality: 'fell' });
  const holds = verdict({ quality: 'holds' });
  const guessed = verdict({ estimated: 'fell' });
  const falls = (...verdicts: WindowVerdict[]) => judgeWatch(verdicts, policy).fall;

  test('fall where quality fell in two of three that know, by labels or else by the estimate', () => {
    expect(falls(fell)).toBe(false);
    expect(falls(fell, fell)).toBe(true);
    expect(falls(fell, clean, clean, clean, fell)).toBe(true);
    expect(falls(fell, holds, holds, fell)).toBe(false);
    expect(falls(guessed, guessed)).toBe(true);
    expect(falls(guessed, fell)).toBe(true);
    // Labels know better than the estimate.
    expect(falls(...[1, 2, 3].map(() => verdict({ quality: 'holds', estimated: 'fell' })))).toBe(false);
    expect(falls(fell, few, verdict({ state: 'insufficient', quality: 'fell' }))).toBe(true);
  });

  test('are below the floor where the newest that knows by labels is', () => {
    const below = verdict({ quality: 'below-floor', reason: 'rocAuc is certainly below 0.7.' });
    const signal = judgeWatch([below, clean, guessed], policy);
    expect(signal).toMatchObject({ belowFloor: true, fall: true });
    expect(signal.reason).toContain('The newest window with labels: rocAuc is certainly below 0.7.');
    expect(judgeWatch([below, holds], policy).belowFloor).toBe(false);
    expect(judgeWatch([below, { ...fault, quality: 'holds' }, clean], policy).belowFloor).toBe(true);
  });

  test('are none at the beginning', () => {
    expect(judgeWatch([], policy)).toMatchObject({
      drift: false,
      fall: false,
      belowFloor: false,
      fault: false,
    });
  });
});

test('the same facts give the same verdict, also from JSON, without NaN in any sentence', () => {
  const numbers = [0, 1e-300, 0.5, 1];
  for (const share of numbers)
    for (const rows of [0, 1, 200, 1e6])
      for (const slope of [0, 1, 1e9]) {
        const facts = factsOf({
          rows,
          compared: rows,
          usualRows: rows * share,
          columns: [
            columnOf({
              p: share,
              effect: share,
              missing: share,
              unseen: share,
              outOfRange: share,
              sinceHealthy: { p: share, effect: share },
              scale: { slope, intercept: -slope, r2: share, offset: share },
            }),
          ],
          prediction: { test: 'chi2', p: share, effect: share },
          label: { test: 'fisher', p: share, effect: share },
          realised: {
            rows,
            loss: 'absolute',
            mean: share,
            sd: share,
            reference: { rows, mean: 0, sd: 0 },
            metric: { name: 'mae', better: 'lower', value: share, se: share },
          },
          estimated: {
            rows,
            accuracy: share,
            se: share,
            reference: { estimated: 1, realised: 1, rows },
          },
        });
        const strict = policyOf({ quality: { atLeast: 0.1, atMost: 0.2 }, data: { volume: {} } });
        const before = JSON.stringify(facts);
        const verdict = judgeWindow(facts, strict);
        expect(JSON.stringify(facts)).toBe(before);
        expect(judgeWindow(JSON.parse(before) as WindowFacts, strict)).toEqual(verdict);
        expect(JSON.parse(JSON.stringify(verdict))).toEqual(verdict);
        const words = [verdict.reason, judgeWatch([verdict], strict).reason];
        expect(words.join(' ')).not.toMatch(/NaN|Infinity|undefined|null/);
      }
});

describe('a volume far from the usual', () => {
  const volume = { min: 0.2, max: 5 };

  /** Windows with so many rows each, against the mean of the last ten sound ones, as the watch does. */
  function live(volumes: number[], by: typeof policy) {
    let judged: Judged | undefined;
    const sound: number[] = [];
    return volumes.map((rows) => {
      const usualRows = sound.length > 0 ? sound.reduce((sum, n) => sum + n, 0) / sound.length : undefined;
      const facts = countLasted(factsOf({ rows, compared: rows, usualRows }), judged, by);
      const verdict = judgeWindow(facts, by);
      if (isHealthy(verdict)) sound.splice(0, sound.length, ...[...sound, rows].slice(-10));
      judged = { facts, verdict };
      return verdict.state;
    });
  }

  test('is a fault until a person acts, where no patience is declared', () => {
    expect(live([500, 500, 5e4, 5e4, 5e4, 5e4], policyOf({ data: { volume } })).slice(2)).toEqual(
      Array(4).fill('fault'),
    );
  });

  test('is the usual one after as many windows in a row as were declared, and stays it', () => {
    const patient = policyOf({ data: { volume, patience: 2 } });
    const lasting = [...Array<number>(10).fill(500), ...Array<number>(14).fill(5e4)];
    expect(live(lasting, patient).slice(10)).toEqual(['fault', 'fault', ...Array<string>(12).fill('clean')]);
    // One that went back meanwhile, or to the other side, is counted anew.
    expect(live([2500, 2500, 5e4, 2500, 5e4, 300, 300, 300], patient).slice(2)).toEqual([
      ...['fault', 'clean', 'fault', 'fault', 'fault', 'clean'],
    ]);
  });
});

describe('values that training never saw', () => {
  const patient = policyOf({ data: { patience: 2 } });

  type World = Record<string, number> & { rows?: number };

  /**
   * Windows of a world that is described by the shares outside of training's range, column by column, each held against the
   * last healthy one as the watch does.
   */
  function live(worlds: World[], by: typeof policy, over = {}) {
    let judged: Judged | undefined;
    let healthy: Record<string, number> | undefined;
    return worlds.map(({ rows = 300, ...shares }) => {
      const columns = Object.entries(shares).map(([column, outOfRange]) => {
        const was = healthy?.[column];
        const since = was === undefined ? {} : { sinceHealthy: { p: 1e-9, effect: 0.5, outOfRange: was } };
        return columnOf({ column, p: 1e-9, effect: 0.5, outOfRange, ...since, ...over });
      });
      const facts = countLasted(factsOf({ rows, compared: rows, columns }), judged, by);
      const verdict = judgeWindow(facts, by);
      if (isHealthy(verdict)) healthy = shares;
      if (verdict.state !== 'insufficient') judged = { facts, verdict };
      const faulty = verdict.faults.map(({ column = '' }) => column).join(' ');
      return faulty === '' ? verdict.state : `${verdict.state} ${faulty}`;
    });
  }

  test('are a fault until a person acts, where no patience is declared', () => {
    expect(live(Array<World>(5).fill({ flow: 0.7 }), policy)).toEqual(Array(5).fill('fault flow'));
  });

  test('are the world after as many windows in a row as were declared, and stay it', () => {
    expect(live(Array<World>(6).fill({ flow: 0.7 }), patient)).toEqual([
      'fault flow',
      'fault flow',
      ...Array<string>(4).fill('shifted'),
    ]);
  });

  test('are counted by column: another that changes one window later ends neither nor begins anew', () => {
    const worlds = [
      { flow: 0.7, heat: 0 },
      ...Array<Record<string, number>>(5).fill({ flow: 0.7, heat: 0.7 }),
    ];
    expect(live(worlds, patient)).toEqual([
      'fault flow',
      'fault flow heat',
      'fault heat',
      ...Array<string>(3).fill('shifted'),
    ]);
    // The other way round, and three of them.
    const three = [
      { a: 0, b: 0, c: 0.7 },
      { a: 0, b: 0.7, c: 0.7 },
      ...Array<Record<string, number>>(5).fill({ a: 0.7, b: 0.7, c: 0.7 }),
    ];
    expect(live(three, patient)).toEqual([
      'fault c',
      'fault b c',
      'fault a b',
      'fault a',
      ...Array<string>(3).fill('shifted'),
    ]);
  });

  test('that change once more after they were taken for the world are a fault anew', () => {
    const worlds = [0.3, 0.3, 0.3, 0.3, 0.9, 0.9, 0.9].map((flow) => ({ flow }));
    expect(live(worlds, patient)).toEqual([
      'fault flow',
      'fault flow',
      'shifted',
      'shifted',
      'fault flow',
      'fault flow',
      'shifted',
    ]);
    // Also in the very next window.
    expect(live(worlds.slice(1), patient).slice(2)).toEqual([
      'shifted',
      'fault flow',
      'fault flow',
      'shifted',
    ]);
  });

  test('begin anew where they went away meanwhile; a window with too few rows is passed over', () => {
    const flow = { flow: 0.7 };
    expect(live([flow, { flow: 0 }, flow, flow, flow], patient)).toEqual([
      'fault flow',
      'shifted',
      'fault flow',
      'fault flow',
      'shifted',
    ]);
    expect(live([flow, { flow: 0, rows: 20 }, flow, { flow: 0.7, rows: 0 }, flow], patient)).toEqual([
      'fault flow',
      'insufficient',
      'fault flow',
      'insufficient',
      'shifted',
    ]);
  });

  test('stay a fault where values are missing, or the column has another fault too', () => {
    expect(live(Array<World>(4).fill({ flow: 0.7 }), patient, { missing: 0.5 })).toEqual(
      Array(4).fill('fault flow flow'),
    );
  });

  test('of another champion are counted anew, who learned from others', () => {
    const facts = (version: number) => factsOf({ version, columns: [columnOf({ outOfRange: 0.7 })] });
    const before = countLasted(facts(1), { facts: facts(1), verdict: { state: 'fault' } }, patient);
    expect(before.columns[0].lasted).toBe(1);
    const judged: Judged = { facts: before, verdict: { state: 'fault' } };
    expect(countLasted(facts(1), judged, patient).columns[0].lasted).toBe(2);
    expect(countLasted(facts(2), judged, patient).columns[0].lasted).toBeUndefined();
  });

  test('hide no fault behind them, however many columns they are of', () => {
    const forgiven = Array.from({ length: 25 }, (_, i) =>
      columnOf({ column: `a${i}`, p: 1e-9, effect: 0.5, outOfRange: 0.7, lasted: 2 }),
    );
    const judgeWith = (column: Partial<ColumnFacts>) =>
      judge({ columns: [...forgiven, columnOf({ column: 'z', ...column })] }, patient);
    expect(judgeWith({}).state).toBe('shifted');
    for (const broken of [{ missing: 1 }, { unseen: 0.7, lasted: 1 }])
      expect(judgeWith(broken)).toMatchObject({ state: 'fault', faults: [{ column: 'z' }] });
  });
});
