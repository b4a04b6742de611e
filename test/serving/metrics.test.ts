import { afterAll, beforeAll, expect, test } from 'vitest';
import { createMetrics, MAX_SERIES, type AnsweredPart } from '../../serving/metrics.ts';
import { someJson, tinyModel } from './fixtures.ts';
import { serveWhole, type WholeGateway } from './httpServer.ts';

let whole: WholeGateway;

beforeAll(async () => {
  whole = await serveWhole([['flights', await tinyModel()]]);
});
afterAll(() => whole.close());

/** Prometheus's text format, 0.0.4: value by name and labels. */
function parse(text: string): Map<string, number> {
  const samples = new Map<string, number>();
  for (const line of text.split('\n')) {
    if (line === '' || /^# (HELP|TYPE) [a-zA-Z_:][a-zA-Z0-9_:]* \S/.test(line)) continue;
    const sample = /^([a-zA-Z_:][a-zA-Z0-9_:]*(?:\{(?:[a-z_]+="(?:[^"\\]|\\.)*",?)*\})?) (\S+)$/.exec(line);
    if (!sample || !/^(nan|[+-]?inf|-?[\d.]+(e[+-]?\d+)?)$/i.test(sample[2]))
      throw new Error(`not a sample: ${line}`);
    samples.set(sample[1], Number(sample[2]));
  }
  return samples;
}

async function read(): Promise<Map<string, number>> {
  const answer = await fetch(`${whole.gateway.url}/metrics`);
  expect(answer.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  return parse(await answer.text());
}

const ask = (name: string, body: object) =>
  fetch(`${whole.gateway.url}/models/${name}/predict`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

test('requests, rows, latency, refusals and the route are counted by model, version and arm', async () => {
  for (const rows of [1, 3, 10]) await ask('flights', { rows: someJson(rows) });
  for (const name of ['nobody', 'somebody']) await ask(name, { rows: someJson(1) });
  await ask('flights', { rows: [] });
  const samples = await read();
  const part = 'model="flights",version="1",arm="champion"';
  const route = 'method="POST",route="/models/:name/predict"';
  expect(Object.fromEntries(samples)).toMatchObject({
    [`perennial_predictions_total{${part},outcome="ok"}`]: 3,
    [`perennial_prediction_rows_total{${part}}`]: 14,
    [`perennial_prediction_seconds_count{${part}}`]: 3,
    [`perennial_prediction_seconds_bucket{le="+Inf",${part}}`]: 3,
    ['perennial_prediction_batch_rows_bucket{le="5",model="flights"}']: 2,
    [`perennial_http_requests_total{${route},status="200"}`]: 3,
    [`perennial_http_requests_total{${route},status="400"}`]: 1,
    [`perennial_http_requests_total{${route},status="404"}`]: 2,
    [`perennial_route_weight{${part}}`]: 1,
    ['perennial_route_revision{model="flights"}']: 1,
    perennial_models_loaded: 1,
    perennial_requests_in_flight: 0,
    perennial_log_dropped_total: 0,
  });
  for (const name of [
    'perennial_log_pending_bytes',
    'process_resident_memory_bytes',
    'nodejs_eventloop_lag_p99_seconds',
  ])
    expect(samples.has(name)).toBe(true);
});

test('what callers make up is no label', async () => {
  for (let i = 0; i < 20; i++) {
    await ask(`made-up-${i}`, {});
    await fetch(`${whole.gateway.url}/made-up-${i}`);
  }
  expect([...(await read()).keys()].filter((sample) => sample.includes('made-up'))).toEqual([]);
});

test('versions that come and go leave a bounded number of series', async () => {
  const { registry, countPart } = createMetrics({
    log: { pendingBytes: 0, dropped: 0 },
    admission: { requests: 0, rows: 0 },
    models: { loaded: () => [], failed: () => [] },
    routing: { active: () => undefined, revisions: () => ({}) },
  });
  const part: AnsweredPart = {
    name: 'flights',
    version: 0,
    arm: 'champion',
    rows: 1,
    status: 0,
    latencyUs: 900,
  };
  for (let version = 1; version <= 3 * MAX_SERIES; version++) countPart({ ...part, version });
  const series = [...parse(await registry.metrics()).keys()];
  const requests = series.filter((sample) => sample.startsWith('perennial_predictions_total{'));
  expect(requests).toHaveLength(MAX_SERIES);
  expect(series.filter((sample) => sample.startsWith('perennial_prediction_seconds_count{'))).toHaveLength(
    MAX_SERIES,
  );
  expect(requests.at(-1)).toContain(`version="${3 * MAX_SERIES}"`);
});
