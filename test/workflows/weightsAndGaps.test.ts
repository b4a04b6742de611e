import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  boosting,
  forest,
  impute,
  logistic,
  oneHot,
  passthrough,
  type LifecycleInput,
} from '../../config/define.ts';
import { openBench, type Bench } from './bench.ts';
import { small } from './definitions.ts';

/**
 * Weights of rows and classes, missing values and directions go the whole way, from the definition to a version whose ONNX
 * graph answers as its learner; what does not fit the data ends the run with the name and what would be right.
 */

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

const dataset = (weight: string) => `
  SELECT id, CASE WHEN id % 5 = 0 THEN NULL ELSE size END AS size, colour, late, ${weight} AS importance FROM parcels`;
const gaps = [impute('size', { strategy: 'none' }), passthrough('size'), oneHot('colour')];
const train = async (name: string, more: Partial<Parameters<typeof small>[1]>) =>
  (await bench.client.train(small(bench, { name, ...more }))).result();

test.each([
  ['boosting', boosting({ minLeaf: 5, monotone: { size: 'increasing' }, classWeight: { yes: 2 } })],
  ['forest', forest({ trees: 20, classWeight: 'balanced' })],
])('%s', async (learner, entry) => {
  const result = await train(`gaps-${learner}`, {
    ...{ dataset: dataset('1 + id % 3'), weight: 'importance', features: gaps, search: [entry] },
  });
  expect(result).toMatchObject({ outcome: 'registered', version: 1 });
  const { signature, metrics } = await bench.client.model(`gaps-${learner}`);
  expect(signature.inputs.map(({ name }) => name)).toEqual(['size', 'colour']);
  expect(metrics.accuracy).toBeGreaterThan(0.6);
});

test('a weight is no feature of `auto`', async () => {
  const more = { dataset: dataset('1 + id % 3'), weight: 'importance', search: [logistic()] };
  expect(await train('weighed-auto', more)).toMatchObject({ outcome: 'registered' });
  const { signature } = await bench.client.model('weighed-auto');
  expect(signature.inputs.map(({ name }) => name)).not.toContain('importance');
});

test.each([
  [
    'zero',
    { dataset: dataset('id % 3'), weight: 'importance' },
    /weight names "importance", which has the value 0/,
  ],
  [
    'null',
    { dataset: dataset('NULLIF(id, 7)'), weight: 'importance' },
    /no value in 1 of the training rows|the value 0/,
  ],
  ['text', { dataset: dataset("'a'"), weight: 'importance' }, /weight names "importance", which is VARCHAR/],
  [
    'class',
    { search: [logistic({ classWeight: { maybe: 2 } })] },
    /search\[0\]\.grid\.classWeight is \{"maybe":2\}; expected weights by class/,
  ],
  [
    'feature',
    { search: [boosting({ monotone: { colour: 'increasing' } })] },
    /"colour" is encoded without its order/,
  ],
] as [string, Partial<LifecycleInput>, RegExp][])('%s is refused', async (name, more, message) => {
  await expect(train(`refused-${name}`, more)).rejects.toThrow(message);
});
