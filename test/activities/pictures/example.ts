import type { Drawing } from '../../../activities/pictures/draw.ts';
import type { StoredExplanation } from '../../../learning/explain/stored.ts';
import { evaluate } from '../../../learning/metrics/report.ts';
import { Random } from '../../../learning/rng.ts';
import type { Task } from '../../../learning/types.ts';

/** Names that would break a page, a picture or an expression that pasted them. */
export const HOSTILE = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "'] || datum.x || ['",
  '\u0000\u0008\ud800 & \u202e',
  '</text></svg><svg onload=alert(1)>',
];

/** A drawing of every kind of thing, from a seed. */
export function exampleDrawing(
  task: Task,
  names = ['on time', 'late', 'very late', 'cancelled', 'diverted'],
): Drawing {
  const random = new Random(8);
  const classes = task === 'regression' ? [] : names.slice(0, task === 'binary' ? 2 : 5);
  const rows = 800;
  const y = Float64Array.from({ length: rows }, () =>
    task === 'regression' ? random.unit() * 90 : random.below(classes.length),
  );
  const predictions =
    task === 'regression'
      ? y.map((value) => 0.8 * value + 20 * random.unit())
      : probabilities(y, classes.length, random);
  const evaluation = evaluate({ task, classes, positive: task === 'binary' ? 1 : undefined, y, predictions });
  const metric = { binary: 'rocAuc', multiclass: 'accuracy', regression: 'rmse' }[task];
  const candidates: Drawing['candidates'] = [
    ...[50, 100].map((trees, index) => ({
      index,
      learner: 'forest',
      params: { trees },
      status: 'done' as const,
      mean: 0.6 + index / 50,
      std: 0.004,
    })),
    {
      index: 2,
      learner: names[0],
      params: { [names[1]]: names[2] },
      status: 'done',
      mean: 0.61,
      std: 0.01,
      folds: [{ converged: 1 }, { converged: 0 }],
    },
    {
      index: 3,
      learner: 'baselineForest',
      params: {},
      status: 'refused',
      reason: 'Takes at most 2,000 rows.',
    },
  ];
  return {
    name: 'flight-adherence',
    run: 7,
    candidates,
    winner: { index: 1, learner: 'forest', params: { trees: 100 } },
    lineage: { definition: 'e'.repeat(64), dataset: 'd'.repeat(64), model: 'a'.repeat(64) },
    stored: {
      selectedBy: metric,
      signature: {
        inputs: names.map((name) => ({ name, type: 'double', columnType: 'number', shape: ['N', 1] })),
        outputs: [{ name: 'label', type: 'int64', shape: ['N'] }],
        task,
        target: names[3],
        classes,
        features: [],
      },
      metrics: { ...evaluation.metrics },
      evaluation,
      importance: names.map((column, i) => ({
        column,
        mean: 0.05 / (i + 1),
        std: 0.002,
        interval: [0.05 / (i + 1) - 0.003, 0.05 / (i + 1) + 0.003],
        scores: [0.6, 0.61],
      })),
      rows: { train: 4000, refit: 4000, test: 1000, evaluated: rows },
    },
    explanation: explanation(task, names, classes, random),
  };
}

/** Contributions and curves of as many columns as there are names, every second one of text. */
function explanation(
  task: Task,
  names: readonly string[],
  classes: readonly (string | number | boolean)[] | undefined,
  random: Random,
): StoredExplanation {
  const of = task === 'multiclass' ? [...(classes ?? [])] : task === 'binary' ? ['yes'] : [];
  const outputs = Math.max(1, of.length);
  const rows = 120;
  const points = names.map((column, c) => {
    const values = Array.from({ length: rows }, (_, i) =>
      c % 2 === 1 ? names[i % 2] : i % 11 === 10 ? null : random.unit(),
    );
    const contributions = Array.from({ length: outputs }, () =>
      values.map(
        (value) => ((typeof value === 'number' ? value : 0.3) - 0.5 + 0.1 * random.unit()) / (c + 1),
      ),
    );
    return { column, values, contributions };
  });
  return {
    contributions: {
      method: 'treeShap',
      explained: task === 'regression' ? 'value' : task === 'binary' ? 'logOdds' : 'score',
      of,
      background: 100,
      rows,
      base: new Array<number>(outputs).fill(0.2),
      columns: names.map((column, c) => {
        const meanAbsolute = Array.from({ length: outputs }, (_, k) => 0.3 / (c + k + 1));
        const sum = meanAbsolute.reduce((a, b) => a + b, 0);
        return { column, meanAbsolute, low: sum * 0.9, high: sum * 1.1 };
      }),
      points,
    },
    partialDependence: names.slice(0, 6).map((column, c) => {
      const grid = c % 2 === 1 ? [names[0], '', names[1]] : [0, 0.1, 0.3, 0.5, 0.8, 1];
      const curve = (shift: number) => grid.map((_, i) => 0.2 + shift + 0.05 * i);
      return {
        column,
        grid,
        answers: Array.from({ length: outputs }, (_, k) => ({
          mean: curve(k / 10),
          low: curve(k / 10 - 0.1),
          high: curve(k / 10 + 0.1),
        })),
      };
    }),
    curves: of.length > 0 ? of.map(String) : [names[3]],
  };
}

function probabilities(y: Float64Array, classes: number, random: Random): Float64Array {
  const p = new Float64Array(y.length * classes);
  for (let row = 0; row < y.length; row++) {
    let total = 0;
    for (let k = 0; k < classes; k++)
      total += p[row * classes + k] = random.unit() + (y[row] === k ? 0.7 : 0);
    for (let k = 0; k < classes; k++) p[row * classes + k] /= total;
  }
  return p;
}
