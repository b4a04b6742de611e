import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withSession } from '../../compute/session.ts';
import { boosting, category, passthrough } from '../../config/define.ts';
import { Random } from '../../learning/rng.ts';
import { openGateway } from '../../serving/gateway.ts';
import { openBench, type Bench } from './bench.ts';
import { small } from './definitions.ts';

/**
 * Categories by name go the whole way: from `category([...])` in a definition to a version that a gateway answers with.
 * Which of 40 towns and 12 trades are late is drawn, so that neither their order nor their number tells.
 */

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

const TOWNS = 40;
const random = new Random(11);
const isLate = Array.from({ length: TOWNS }, () => random.below(2) === 1);
const isCareless = Array.from({ length: 12 }, () => random.below(2) === 1);
const nameOf = (town: number) => `town ${String((town * 17) % TOWNS).padStart(2, '0')}`;

function parcelsCsv(): string {
  const lines = Array.from({ length: 2000 }, (_, id) => {
    const [town, trade] = [random.below(TOWNS), random.below(12)];
    const late = random.below(20) === 0 ? random.below(2) === 1 : isLate[town] !== isCareless[trade];
    // A trade is a number that is no size; one in twelve is missing.
    const cells = [id, nameOf(town), trade === 5 ? '' : trade * 7, random.below(100), late ? 'yes' : 'no'];
    return cells.join(',');
  });
  return `id,town,trade,size,late\n${lines.join('\n')}\n`;
}

test('boosting by categories, from the definition to the gateway', async () => {
  const name = 'categories';
  const definition = small(bench, {
    name,
    sources: { parcels: { kind: 'csv', from: bench.write('towns.csv', parcelsCsv()) } },
    dataset: 'SELECT id, town, trade, size, late FROM parcels',
    features: [category(['town', 'trade']), passthrough('size')],
    search: [boosting({ minCategoryRows: 10, categorySmoothing: 1 })],
  });
  const result = await (await bench.client.train(definition)).result();
  expect(result).toMatchObject({ outcome: 'registered', version: 1 });
  const { metrics, digest } = await bench.client.model(name);
  // One row in forty is wrong by chance.
  expect(metrics.accuracy).toBeGreaterThan(0.9);

  const { contributions, importance, partialDependence } = await bench.client.explainModel(name);
  const most = importance.toSorted((a, b) => b.mean - a.mean).map(({ column }) => column);
  expect(most[2]).toBe('size');
  expect(importance.every(({ interval }) => interval !== undefined)).toBe(true);
  expect(partialDependence.map(({ column }) => column).sort()).toEqual(['size', 'town', 'trade']);
  expect(contributions).toMatchObject({ columns: [{}, {}, {}] });

  const rows = Array.from({ length: TOWNS }, (_, town) => ({ town: nameOf(town), trade: 7, size: 50 }));
  const strange = [
    { town: 'nowhere', trade: 7, size: 50 },
    { town: null, trade: 7, size: 50 },
    { town: nameOf(1), trade: null, size: 50 },
    { town: nameOf(1), trade: 8, size: 50 },
  ];
  const answers = await ask(name, [...rows, ...strange]);
  const right = rows.filter(
    (_, town) => answers[town].prediction === (isLate[town] !== isCareless[1] ? 'yes' : 'no'),
  );
  expect(right.length).toBeGreaterThanOrEqual(38);
  const shares = answers.map(({ probabilities }) => probabilities.yes);
  // Unseen and missing are the same no category.
  expect(shares[TOWNS]).toBe(shares[TOWNS + 1]);
  expect(shares[TOWNS + 2]).toBe(shares[TOWNS + 3]);
  // What the gateway answers is what the stored graph answers, and it explains what it answered.
  const all = [...rows, ...strange];
  const own = await withSession(await bench.store.artifacts.get(digest), (session) =>
    session.predict({
      rows: all.length,
      columns: {
        town: all.map(({ town }) => town ?? ''),
        trade: Float64Array.from(all, ({ trade }) => trade ?? NaN),
        size: Float64Array.from(all, ({ size }) => size),
      },
    }),
  );
  shares.forEach((share, i) => expect(Math.fround(share)).toBe(own.probabilities?.[2 * i + 1]));
  for (const { explanation, probabilities } of answers) {
    const total = explanation.contributions.reduce(
      (sum, { contribution }) => sum + contribution,
      explanation.base,
    );
    expect(total).toBeCloseTo(Math.log(probabilities.yes / probabilities.no), 3);
  }
});

interface Answer {
  prediction: string;
  probabilities: Record<'yes' | 'no', number>;
  explanation: { base: number; contributions: { column: string; contribution: number }[] };
}

/** What a gateway answers over HTTP for the only version of a model. */
async function ask(name: string, rows: object[]): Promise<Answer[]> {
  const gateway = await openGateway({
    databaseUrl: bench.environment.databaseUrl ?? '',
    namespace: bench.environment.namespace,
    directory: join(bench.folder, 'gateway'),
    version: '0.0.0',
    log: pino({ level: 'silent' }),
  });
  try {
    const response = await fetch(`${gateway.url}/models/${name}/versions/1/predict`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ rows, explain: true }),
    });
    expect(response.status).toBe(200);
    return ((await response.json()) as { predictions: Answer[] }).predictions;
  } finally {
    await gateway.close();
  }
}
