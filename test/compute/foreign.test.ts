import { describe, expect, test } from 'vitest';
import { adoptModel } from '../../compute/foreign/adopt.ts';
import { openForeign, type Expected } from '../../compute/foreign/open.ts';
import type { Golden } from '../../compute/parityGolden.ts';
import { withSession } from '../../compute/session.ts';
import { parseForeignSignature, type ForeignSignature } from '../../config/foreignSignature.ts';
import { decodeModel } from '../../learning/onnx/decode.ts';
import { foreignCases, foreignFile, foreignRows, type ForeignCase } from './foreignFixtures.ts';

/** Models that scikit-learn and LightGBM exported answer here as they answer in Python. */

const refusedCases = ['neighbors', 'supportScores'];
const taken = Object.entries(foreignCases).filter(([name]) => !refusedCases.includes(name));

test('there are fixtures of every kind', () => {
  expect(taken.map(([name]) => name).sort()).toEqual(
    `bayesDoubles booleans boostingNumbers boostingZipMap flats flatsTwoMatrices forestInts lightgbmBinary
    lightgbmFlowers lightgbmNumbers lightgbmPlain logisticZipMap ridge scaledNetwork supportVectors`
      .split(/\s+/)
      .sort(),
  );
});

describe.each(taken)('%s', (name, recorded) => {
  test('answers every row as Python’s ONNX Runtime does', async () => {
    const { bytes, answers } = adoptModel(foreignFile(name), parseForeignSignature(recorded.signature));
    const found = await withSession(bytes, (session) => session.predict(foreignRows(recorded)));
    if (answers.task === 'regression') {
      expect(Array.from(found.prediction ?? [])).toEqual(recorded.prediction);
      return;
    }
    expect(Array.from(found.labels ?? [], (label) => answers.labels[label])).toEqual(recorded.label);
    const expected = recorded.probabilities?.flat() ?? [];
    expect(found.probabilities).toHaveLength(expected.length);
    // GaussianNB computes in float64; the others give float32, which are equal to the last bit.
    const tolerance = name === 'bayesDoubles' ? 1e-7 : 0;
    expected.forEach((value, i) => {
      expect(Math.abs((found.probabilities?.[i] ?? NaN) - value)).toBeLessThanOrEqual(tolerance);
    });
  });

  test('gives the same bytes each time', () => {
    const signature = parseForeignSignature(recorded.signature);
    expect(adoptModel(foreignFile(name), signature).bytes).toEqual(
      adoptModel(foreignFile(name), signature).bytes,
    );
  });
});

test('classes are named as the file says them, or as the signature does in that order', () => {
  const of = (name: string, more: Partial<ForeignSignature> = {}) => {
    const { answers } = adoptModel(foreignFile(name), { ...foreignCases[name].signature, ...more });
    return answers.task === 'regression' ? undefined : [answers.task, answers.classes, answers.positive];
  };
  expect(of('forestInts')).toEqual(['multiclass', [0, 10, 20], undefined]);
  expect(of('forestInts', { classes: ['a', 'b', 'c'] })).toEqual(['multiclass', ['a', 'b', 'c'], undefined]);
  expect(of('booleans')).toEqual(['binary', [false, true], 1]);
  expect(of('flats')).toEqual(['binary', ['dear', 'fair'], 0]);
  expect(of('flats', { task: 'multiclass', positive: undefined })?.[0]).toBe('multiclass');
  expect(of('bayesDoubles')).toEqual(['multiclass', ['setosa', 'versicolor', 'virginica'], undefined]);
});

test('the file says what it is, and holds no ZipMap', () => {
  const { bytes } = adoptModel(foreignFile('flats'), foreignCases.flats.signature, { file: 'abc' });
  const { metadata, inputs, outputs, nodes } = decodeModel(bytes);
  expect(metadata).toMatchObject({
    file: 'abc',
    target: 'price',
    task: 'binary',
    classes: '["dear","fair"]',
  });
  expect(inputs).toEqual([
    { name: 'city', type: 'string', dims: ['N', 1] },
    { name: 'rooms', type: 'double', dims: ['N', 1] },
    { name: 'area', type: 'double', dims: ['N', 1] },
  ]);
  expect(outputs.map(({ name, dims }) => [name, dims])).toEqual([
    ['label', ['N']],
    ['probabilities', ['N', 2]],
  ]);
  expect(nodes.map(({ op }) => op)).not.toContain('ZipMap');
});

describe('a signature that does not fit is refused, naming what would', () => {
  const flower = foreignCases.logisticZipMap.signature;
  const cases: [string, string, Partial<ForeignSignature> | ((s: ForeignSignature) => object), RegExp][] = [
    [
      'a column too few',
      'logisticZipMap',
      { inputs: flower.inputs.slice(1) },
      /4 columns for the graph's input "float_input"/,
    ],
    [
      'text where numbers are',
      'logisticZipMap',
      { inputs: flower.inputs.map((each) => ({ ...each, columnType: 'string' as const })) },
      /inputs\[0\]\.columnType is "string".*"float_input" is of float/,
    ],
    [
      'a column of no input',
      'flats',
      (s) => ({ inputs: [...s.inputs, { name: 'age', columnType: 'number' }] }),
      /inputs\[3\]\.name is "age".*city, rooms, area/,
    ],
    [
      'an input of no name',
      'flatsTwoMatrices',
      (s) => ({ inputs: s.inputs.map((each) => ({ ...each, input: 'x' })) }),
      /inputs\[0\]\.input is "x".*texts, measures/,
    ],
    [
      'classes in another order',
      'logisticZipMap',
      { classes: ['virginica', 'versicolor', 'setosa'] },
      /classes\[0\] is "virginica".*"setosa", "versicolor", "virginica"/,
    ],
    ['classes too few', 'logisticZipMap', { classes: ['a', 'b'] }, /3 classes, one for each of "setosa"/],
    ['classes of a number', 'ridge', { classes: ['a', 'b'] }, /classes is .*one number a row/],
    ['a task of another kind', 'ridge', { task: 'binary' }, /task is "binary".*regression/],
    [
      'a regression with classes',
      'flats',
      { task: 'regression' },
      /task is "regression".*binary or multiclass/,
    ],
    ['two classes of three', 'logisticZipMap', { task: 'binary' }, /multiclass: the graph has 3 classes/],
    ['a positive that is none', 'flats', { positive: 'cheap' }, /positive is "cheap".*"dear", "fair"/],
    [
      'a column under the answer’s name',
      'ridge',
      (s) => ({ inputs: s.inputs.map((each, i) => (i === 0 ? { ...each, name: 'prediction' } : each)) }),
      /inputs\[0\]\.name is "prediction"/,
    ],
  ];
  test.each(cases)('%s', (_, name, more, message) => {
    const { signature } = foreignCases[name];
    const given = { ...signature, ...(typeof more === 'function' ? more(signature) : more) };
    expect(() => adoptModel(foreignFile(name), parseForeignSignature(given))).toThrow(message);
  });

  test.each([
    ['a key that is not known', { clases: [] }, /clases is not known/],
    [
      'a column twice',
      { inputs: [flower.inputs[0], { ...flower.inputs[0], name: 'SEPAL_LENGTH' }] },
      /each column once/,
    ],
    ['classes of two types', { classes: ['a', 1] }, /classes\[1\] is 1; expected a string/],
    ['a class twice', { classes: ['a', 'a'] }, /each class once/],
    ['no target', { target: undefined }, /target is missing/],
  ])('%s', (_, more, message) => {
    expect(() => parseForeignSignature({ ...flower, ...more })).toThrow(message);
  });
});

test('outputs that are no label and probabilities are refused with the exporter’s option', () => {
  const { signature } = foreignCases.logisticZipMap;
  expect(() => adoptModel(foreignFile('zipMapColumns'), signature)).toThrow(
    /gives "output_label", "ssetosa".*options=\{"zipmap": False\}/,
  );
});

describe('opened in a process of its own', () => {
  const open = (name: string, more: Parameters<typeof openForeign>[2] = {}) =>
    openForeign(foreignFile(name), foreignCases[name].signature, more);
  const expectedOf = (recorded: ForeignCase): Expected => ({
    batch: foreignRows(recorded),
    outputs: { prediction: recorded.prediction },
  });

  test('its golden rows are made of what the graph holds, and are the same each time', async () => {
    const { golden, bytes } = await open('flats');
    expect((await open('flats')).golden).toEqual(golden);
    const { inputs, outputs } = JSON.parse(new TextDecoder().decode(golden)) as Golden;
    expect(new Set(inputs.city)).toEqual(new Set(['Bern', 'Genf', 'Zürich', 'something else']));
    expect(outputs.label).toHaveLength(200);
    expect(new Set(outputs.label)).toEqual(new Set([0, 1]));
    expect(bytes.length).toBeGreaterThan(0);
  });

  test('answers that were expected are compared', async () => {
    const recorded = foreignCases.boostingNumbers;
    const { compared } = await open('boostingNumbers', { expected: () => expectedOf(recorded) });
    expect(compared).toEqual({ rows: 40, maxDifference: 0 });
    const prediction = recorded.prediction?.map((value, i) => (i === 7 ? value + 1 : value));
    const others = open('boostingNumbers', {
      expected: () => ({ ...expectedOf(recorded), outputs: { prediction } }),
    });
    await expect(others).rejects.toMatchObject({
      code: 'PARITY_FAILED',
      message: expect.stringMatching(/on 40 rows: 0 labels differ, the largest difference is 0\.0/) as string,
    });
  });

  test('scores that are no probabilities are refused', async () => {
    await expect(open('supportScores')).rejects.toThrow(
      /probabilities that sum to 1.*CalibratedClassifierCV/,
    );
  });
});
