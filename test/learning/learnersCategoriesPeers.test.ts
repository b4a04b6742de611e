import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test, vi } from 'vitest';
import { computeMetrics } from '../../learning/metrics/compute.ts';
import type { Problem } from '../../learning/types.ts';
import { FOLDS, fit, foldOf, meanAndError, named, predict, problemFrom } from './learnersData.ts';

/**
 * Boosting beside LightGBM's `categorical_feature`, by the rule of learnersPeers.test.ts: on the same rows and folds within
 * one standard error of it or better.
 */
vi.setConfig({ testTimeout: 120_000 });

/** [seed][fold][score], larger is better; see test/golden/categories.py. */
type FoldScores = number[][][];
type Both = Record<'named' | 'sized', FoldScores>;
const golden = JSON.parse(
  readFileSync(new URL('../golden/categories.json', import.meta.url), 'utf8'),
) as Record<'adult' | 'phases', Both> & { generated: Both & Record<'x' | 'y', string> };

describe('80 categories in no order', () => {
  const { x, y } = golden.generated;
  const bytes = (text: string) => new Uint8Array(Buffer.from(text, 'base64')).buffer;
  const numbers = Float64Array.from(new Float32Array(bytes(y)));
  const sized = problemFrom(new Float32Array(bytes(x)), numbers, 3, 1);
  const problem = named(sized, [80, 6, 0]);
  const ours = scoresOf(problem, golden.generated.named.length, 'r2');

  test('are as good as in LightGBM', () => {
    hold(ours, golden.generated.named, 0);
  });

  test('explain twice as much by their names as by the size of their numbers', () => {
    const byName = meanAndError(ours.map((seed) => seed.map(([r2]) => r2))).mean;
    const bySize = meanAndError(
      scoresOf(sized, golden.generated.sized.length, 'r2').map((seed) => seed.map(([r2]) => r2)),
    ).mean;
    expect(byName).toBeGreaterThan(0.75);
    expect(bySize).toBeLessThan(0.45);
  });
});

describe.each([
  [
    'adult',
    'uci_adult/adult_train.csv',
    () => true,
    ['income', '>50K'],
    ['age', 'fnlwgt', 'education-num', 'capital-gain', 'capital-loss', 'hours-per-week'],
    [
      ...['workclass', 'education', 'marital-status', 'occupation', 'relationship', 'race', 'sex'],
      'native-country',
    ],
  ],
  [
    'phases',
    'nyc_sca_schedules/sca_phases_2025-06.csv',
    ({ phase }: Row) => phase === 'Scope' || phase === 'Design',
    ['schedule_adherence', 'late'],
    ['budget', 'planned_duration_days'],
    ['district', 'borough', 'project_type', 'phase'],
  ],
] as const)('%s', (name, file, take, [target, positive], sizes, names) => {
  test('the real set', ({ skip }) => {
    const path = new URL(`../../../shared/data/${file}`, import.meta.url);
    skip(!existsSync(path), 'needs the data folder ../shared/data, which is not part of the repository');
    const rows = readRows(path).filter(take);
    const columns = [
      ...sizes.map((column) => rows.map((row) => Number(row[column]))),
      ...names.map((column) => numbered(rows.map((row) => row[column]))),
    ];
    const x = Float32Array.from(
      { length: rows.length * columns.length },
      (_, i) => columns[i % columns.length].at(Math.floor(i / columns.length)) ?? NaN,
    );
    const y = Float64Array.from(rows, (row) => Number(row[target] === positive));
    const counts = columns.map((values, i) => (i < sizes.length ? 0 : Math.max(...values)));
    const problem = named(problemFrom(x, y, columns.length, 2), counts);
    const ours = scoresOf(problem, golden[name].named.length, 'accuracy', 'logLoss');
    golden[name].named[0][0].forEach((_, score) => {
      hold(ours, golden[name].named, score);
    });
  });
});

function hold(ours: FoldScores, theirs: FoldScores, score: number): void {
  const of = (scores: FoldScores) => scores.map((seed) => seed.map((fold) => fold[score]));
  const { mean, error } = meanAndError(of(theirs));
  expect(meanAndError(of(ours)).mean).toBeGreaterThan(mean - error);
}

/** @param metrics log loss with its sign turned */
function scoresOf(
  problem: Problem,
  seeds: number,
  ...metrics: ('r2' | 'accuracy' | 'logLoss')[]
): FoldScores {
  const { task, classes, train, y } = problem;
  return Array.from({ length: seeds }, (_, seed) =>
    Array.from({ length: FOLDS }, (_fold, fold) => {
      const rows = train.filter((row) => foldOf(row, seed) === fold);
      const rest = train.filter((row) => foldOf(row, seed) !== fold);
      const model = fit('boosting', { ...problem, train: rest }, {}, seed);
      const answers = predict('boosting', model, problem, rows);
      const truth = Float64Array.from(rows, (row) => y[row]);
      const found = computeMetrics(task, classes, task === 'binary' ? 1 : undefined, truth, answers);
      return metrics.map((metric) => (found[metric] ?? NaN) * (metric === 'logLoss' ? -1 : 1));
    }),
  );
}

type Row = Record<string, string>;

function readRows(path: URL): Row[] {
  const [head, ...lines] = readFileSync(path, 'utf8').trim().split(/\r?\n/).map(cells);
  return lines.map((line) => Object.fromEntries(head.map((name, i) => [name, line[i]])));
}

function cells(line: string): string[] {
  const found = [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)];
  return found.map(([, quoted, plain]) => (quoted as string | undefined)?.replaceAll('""', '"') ?? plain);
}

/** 1, 2 ... by order of value; 0 where there is none. */
function numbered(texts: readonly string[]): number[] {
  const order = [...new Set(texts)].filter((text) => text !== '' && text !== '?').sort();
  const numbers = new Map(order.map((text, i) => [text, i + 1]));
  return texts.map((text) => numbers.get(text) ?? 0);
}
