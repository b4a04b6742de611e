import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { coversOf } from '../../learning/explain/covers.ts';
import { PathDependent } from '../../learning/explain/pathDependent.ts';
import { readTrees } from '../../learning/explain/readTrees.ts';
import { readGraph } from '../../learning/onnx/read.ts';

/** Sets of categories in a file of LightGBM, as onnxmltools wrote it, are explained as LightGBM itself does. */

const { x, onnx } = (
  JSON.parse(readFileSync(new URL('../golden/categories.json', import.meta.url), 'utf8')) as {
    generated: { x: string; onnx: { model: string; answers: number[]; contributions: number[][] } };
  }
).generated;
const COLUMNS = 3;

test('path-dependent values of LightGBM with categorical_feature', () => {
  const rows = new Float32Array(new Uint8Array(Buffer.from(x, 'base64')).buffer);
  const file = readGraph(new Uint8Array(Buffer.from(onnx.model, 'base64')));
  const node = file.nodes.find(({ op }) => op === 'TreeEnsembleRegressor');
  if (!node) throw new Error('The file has no trees.');
  const { trees, base } = readTrees(node, 1);
  expect(trees.sets.length).toBeGreaterThan(10);
  const explainer = new PathDependent(trees, coversOf(trees, rows, COLUMNS));
  expect(onnx.contributions).toHaveLength(20);
  onnx.contributions.forEach((expected, row) => {
    const own = new Float64Array(COLUMNS);
    explainer.add(rows, row * COLUMNS, own);
    const found = [...own, explainer.base()[0] + base[0]];
    found.forEach((value, i) => expect(Math.abs(value - expected[i])).toBeLessThan(1e-6));
    const sum = found.reduce((a, b) => a + b, 0);
    expect(Math.abs(sum - onnx.answers[row])).toBeLessThan(1e-6);
  });
});
