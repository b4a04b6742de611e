import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { withSession } from '../../compute/session.ts';
import { coversOf } from '../../learning/explain/covers.ts';
import { Explainer } from '../../learning/explain/explainer.ts';
import { PathDependent } from '../../learning/explain/pathDependent.ts';
import { readModel } from '../../learning/explain/readModel.ts';
import type { Task } from '../../learning/types.ts';

/**
 * Shapley values as shap has them, to 1e-6, of models that scikit-learn and LightGBM exported: the trees and weights are
 * read from their ONNX files. See test/golden/explain.py.
 */

interface Case {
  task: Task;
  onnx: string;
  /** [rows][features][outputs] */
  path?: number[][][];
  pathBase?: number[];
  interventional: number[][][];
  base: number[];
}

const golden = JSON.parse(readFileSync(new URL('../golden/explain.json', import.meta.url), 'utf8')) as Record<
  'rows' | 'columns' | 'background' | 'shown',
  number
> &
  Record<'x' | 'gaps', string> & { cases: Record<string, Case> };
const { rows, columns, shown } = golden;
const names = Array.from({ length: columns }, (_, i) => `x${i}`);
const matrix = (text: string) => new Float32Array(new Uint8Array(Buffer.from(text, 'base64')).buffer);
const x = matrix(golden.x);
const gaps = matrix(golden.gaps);
const all = Object.entries(golden.cases);

const read = ({ onnx, task }: Case) => readModel(new Uint8Array(Buffer.from(onnx, 'base64')), task);
const dataOf = (name: string) => (name === 'lightgbmMissing' ? gaps : x);

/** Of two classes shap tells both where a library's own answer has both. */
const outputsOf = (values: number[], task: Task) => (task === 'binary' ? values.slice(-1) : values);

test.each(all)('interventional values of %s', (name, golden1) => {
  const model = read(golden1);
  const data = dataOf(name);
  const explainer = new Explainer(model, data.slice(0, golden.background * columns), names);
  expect(worst(explainer.base, outputsOf(golden1.base, golden1.task))).toBeLessThan(1e-6);
  golden1.interventional.forEach((expected, i) => {
    const found = explainer.explain(data, (rows - shown + i) * columns);
    const flat = expected.flatMap((outputs) => outputsOf(outputs, golden1.task));
    expect(worst(found, flat)).toBeLessThan(1e-6);
  });
});

describe('path-dependent values', () => {
  test.each(all.filter(([, { path }]) => path))('%s', (name, { path = [], pathBase = [], ...rest }) => {
    const model = read(rest);
    const data = dataOf(name);
    const base = model.constant.slice();
    const values = path.map(() => new Float64Array(columns * model.outputs));
    for (const { trees, outputs } of model.trees) {
      const explainer = new PathDependent(trees, coversOf(trees, data, columns));
      explainer.base().forEach((value, k) => (base[outputs[k]] += value));
      values.forEach((into, i) => {
        const own = new Float64Array(columns * trees.width);
        explainer.add(data, (rows - shown + i) * columns, own);
        own.forEach(
          (value, at) =>
            (into[Math.floor(at / trees.width) * model.outputs + outputs[at % trees.width]] += value),
        );
      });
    }
    expect(worst(base, outputsOf(pathBase, rest.task))).toBeLessThan(1e-6);
    path.forEach((expected, i) =>
      expect(
        worst(
          values[i],
          expected.flatMap((outputs) => outputsOf(outputs, rest.task)),
        ),
      ).toBeLessThan(1e-6),
    );
  });
});

test.each(all)('the part before the features of %s is a model of its own', async (name, golden1) => {
  const model = read(golden1);
  expect(model.origins).toEqual(names);
  const data = dataOf(name).slice(0, 5 * columns);
  const batch = {
    rows: 5,
    columns: Object.fromEntries(
      names.map((column, c) => [column, Float64Array.from({ length: 5 }, (_, i) => data[i * columns + c])]),
    ),
  };
  expect(await withSession(model.encoders, (session) => session.encode(batch))).toEqual(data);
});

function worst(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(found.length).toBe(expected.length);
  return Array.from(found).reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i])), 0);
}
