import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { storedId } from '../../store/ids.ts';
import type { PredictionRecord } from '../../store/predictionTypes.ts';
import type { Store } from '../../store/types.ts';
import { count, openBench, type Bench } from './fixtures.ts';
import { bytesOf, daysOf, encoded, inputsOf, someRecord } from './someRecords.ts';
import { decodeInputs } from '../../store/loggedInputs.ts';

/** Records are read as they were answered, and a segment of them lands once, whatever happens to the connection. */
let bench: Bench;
let store: Store;

beforeAll(async () => {
  bench = await openBench();
  ({ store } = bench);
});
afterAll(() => bench.close());
beforeEach(async () => {
  await bench.admin.query('TRUNCATE predictions, prediction_segments');
});

let segments = 0;
function append(records: readonly PredictionRecord[], id = `segment-${segments++}`) {
  return store.predictions.append(id, daysOf(records), encoded(records));
}

describe('a record is read back as it was written', () => {
  const hour = Date.UTC(2026, 7, 1, 12);
  const long = 'k'.repeat(5_000);
  const cases: [string, Partial<PredictionRecord>][] = [
    ['nothing but what must be', {}],
    [
      'everything',
      {
        at: hour + 0.123,
        arm: 'challenger',
        rolloutId: 'rollout/flights/1',
        stage: 2,
        rows: 2,
        rowIndexes: [1, 4],
        keys: ['customer/1', 'customer/2'],
        inputs: inputsOf({ distance: [1.5, null], airport: ['LAX', 'Zürich ✈ 🛫'] }),
        outputs: Float32Array.of(0.25, 0.1),
        status: 504,
        latencyUs: 30_000_000,
      },
    ],
    ['outputs that are no number', { outputs: Float32Array.of(NaN, Infinity, -Infinity, -0, 1e-45) }],
    ['empty lists', { rowIndexes: [], keys: [], outputs: new Float32Array(0) }],
    [
      'a NUL and a lone surrogate in the inputs, and numbers without end',
      { inputs: inputsOf({ x: ['a\0b', '\ud800'], y: [Infinity, -Infinity] }) },
    ],
    [
      'text of all sorts',
      { requestId: 'Zürich/✈/🛫', keys: ['', 'ä', '"{},\\', '日本'], name: 'n'.repeat(63) },
    ],
    ['the year before 1970 and after 2038', { at: Date.UTC(1969, 6, 20, 20, 17, 40) }],
    ['a time after 2038', { at: Date.UTC(2101, 0, 1) + 0.5 }],
    [
      'ten thousand rows',
      {
        rows: 10_000,
        rowIndexes: Array.from({ length: 10_000 }, (_, i) => 2 * i),
        keys: Array.from({ length: 10_000 }, (_, i) => `ключ-${i}`),
        inputs: inputsOf({ text: Array.from({ length: 10_000 }, (_, i) => `"${i}" ✈`) }),
        outputs: Float32Array.from({ length: 30_000 }, (_, i) => Math.fround(i / 3)),
      },
    ],
    ['numbers beyond their columns, cut', { latencyUs: 1e12 }],
  ];

  test.each(cases)('%s', async (_, given) => {
    const record = someRecord(given);
    await append([record]);
    const { rows } = await bench.admin.query<Record<string, unknown>>(`
      SELECT extract(epoch FROM at)::text AS at, request_id, name, version, arm, rollout_id, stage, rows, row_indexes,
             to_json(keys) AS keys, encode(inputs, 'hex') AS inputs, outputs, status, latency_us
      FROM predictions`);
    expect(rows).toEqual([
      {
        at: (Math.round(record.at * 1000) / 1e6).toFixed(6),
        request_id: record.requestId,
        name: record.name,
        version: record.version,
        arm: record.arm,
        rollout_id: record.rolloutId ?? null,
        stage: record.stage ?? null,
        rows: record.rows,
        row_indexes: record.rowIndexes ?? null,
        keys: record.keys ?? null,
        inputs: record.inputs ? bytesOf(record.inputs).toString('hex') : null,
        outputs: record.outputs ? asText(record.outputs) : null,
        status: record.status,
        latency_us: Math.min(record.latencyUs, 2 ** 31 - 1),
      },
    ]);
    const [listed] = await store.predictions.list({ name: record.name });
    expect(listed).toEqual({
      ...Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)),
      at: new Date(Math.floor(record.at)).toISOString(),
      ...(record.inputs && { inputs: decodeInputs(bytesOf(record.inputs)) }),
      ...(record.outputs && { outputs: asText(record.outputs) }),
      latencyUs: Math.min(record.latencyUs, 2 ** 31 - 1),
    });
  });

  /** The shortest decimal number that is this float32, as Postgres writes it. */
  function asText(outputs: Float32Array): number[] {
    return Array.from(outputs, (value) => {
      for (let digits = 1; digits <= 9; digits++) {
        const short = Number(value.toPrecision(digits));
        if (Math.fround(short) === value) return Object.is(value, -0) ? -0 : short;
      }
      return value;
    });
  }

  test('ids that Postgres has no text or no index for are kept in the form by which they are found', async () => {
    const record = someRecord({ requestId: 'a\0b', keys: [long, `${long}!`, '\ud800'] });
    await append([record]);
    const [found] = await store.predictions.list({ name: 'flights', requestId: 'a\0b' });
    expect(found).toMatchObject({ requestId: 'a\uFFFDb', keys: record.keys?.map(storedId) });
    for (const key of record.keys ?? []) {
      expect(await store.predictions.list({ name: 'flights', key })).toEqual([found]);
    }
    expect(storedId(long)).not.toBe(storedId(`${long}!`));
    expect(Buffer.byteLength(storedId('é'.repeat(300)))).toBeLessThanOrEqual(512);
    expect(storedId('é'.repeat(256))).toBe('é'.repeat(256));
  });

  test('inputs that were logged before they were bytes are JSON, and are read', async () => {
    await append([someRecord()]);
    const json = Buffer.from(String.raw`{"x":["a\u0000b",null]}`);
    await bench.admin.query('UPDATE predictions SET inputs = $1', [json]);
    expect(await store.predictions.list({ name: 'flights' })).toMatchObject([
      { inputs: { x: ['a\0b', null] } },
    ]);
  });
});

describe('a segment lands once', () => {
  const records = Array.from({ length: 500 }, () =>
    someRecord({ inputs: inputsOf({ x: ['x'.repeat(2_000)] }) }),
  );
  const days = daysOf(records);

  test('when it is sent again', async () => {
    expect(await append(records, 'again')).toEqual({ existing: false });
    expect(await append(records, 'again')).toEqual({ existing: true });
    expect(await count(bench.admin, 'predictions')).toBe(500);
  });

  test('when two processes send it at the same time', async () => {
    const other = await bench.another();
    const answers = await Promise.all(
      [store, other, store, other].map((sender) =>
        sender.predictions.append('together', days, encoded(records)),
      ),
    );
    expect(answers.filter(({ existing }) => !existing)).toHaveLength(1);
    expect(await count(bench.admin, 'predictions')).toBe(500);
  });

  test('when the connection is killed in the middle of it', async () => {
    const victim = await bench.another({ applicationName: 'killed' });
    const tuples = encoded(records);
    let killing: Promise<void> | undefined;
    function* large(): Iterable<Buffer> {
      for (let i = 0; i < 100; i++) {
        if (i === 20) killing = bench.terminate('killed');
        yield* tuples;
      }
    }
    const appending = victim.predictions.append('killed', days, large());
    await expect(appending).rejects.toThrow();
    await killing;
    expect(await count(bench.admin, 'predictions')).toBe(0);
    expect(await victim.predictions.append('killed', days, tuples)).toEqual({ existing: false });
    expect(await count(bench.admin, 'predictions')).toBe(500);
  });

  test('or not at all, when it is given up', async () => {
    const controller = new AbortController();
    function* endless(): Iterable<Buffer> {
      for (let i = 0; ; i++) {
        if (i === 50) controller.abort(new Error('given up'));
        yield* encoded(records);
      }
    }
    const options = { signal: controller.signal };
    await expect(store.predictions.append('endless', days, endless(), options)).rejects.toThrow('given up');
    await bench.untilQuiet();
    expect(await count(bench.admin, 'predictions')).toBe(0);
    expect(await append(records, 'endless')).toEqual({ existing: false });
  });

  test('or not at all, where its bytes are no tuples or its day is another; the connection stays good', async () => {
    const [tuple] = encoded(records);
    const wrong: [string, Buffer[]][] = [
      ['cut', [tuple.subarray(0, -3)]],
      ['noise', [Buffer.from('no tuple at all')]],
      ['text that Postgres has not', encoded([someRecord({ rolloutId: 'a\0b' })])],
    ];
    for (const [id, tuples] of wrong) {
      const refused = { name: 'PerennialError', code: 'INVALID_INPUT' };
      await expect(store.predictions.append(id, days, [tuple, ...tuples])).rejects.toMatchObject(refused);
    }
    expect(await count(bench.admin, 'predictions')).toBe(0);
    expect(await count(bench.admin, 'prediction_segments')).toBe(0);
    expect(await append(records)).toEqual({ existing: false });
  });
});

describe('days', () => {
  const at = (time: string, requestId: string) => someRecord({ at: Date.parse(time), requestId });

  test('a segment over midnight fills two', async () => {
    await append([at('2026-03-01T23:59:59.999Z', 'before'), at('2026-03-02T00:00:00.000Z', 'after')]);
    const { rows } = await bench.admin.query(
      `SELECT tableoid::regclass::text AS table, request_id FROM predictions ORDER BY at`,
    );
    expect(rows).toEqual([
      { table: 'predictions_20260301', request_id: 'before' },
      { table: 'predictions_20260302', request_id: 'after' },
    ]);
  });

  test('that are new to several gateways in the same moment are made once, and have every index', async () => {
    const others = await Promise.all([1, 2, 3].map(() => bench.another()));
    const record = at('2026-04-05T06:07:08Z', 'x');
    await Promise.all(
      [store, ...others].map((other, i) =>
        other.predictions.append(`new-${i}`, daysOf([record]), encoded([record])),
      ),
    );
    expect(await count(bench.admin, 'predictions')).toBe(4);
    const { rows: indexes } = await bench.admin.query<{ parent: string }>(
      `SELECT indexrelid::regclass::text AS parent FROM pg_index WHERE indrelid = 'predictions'::regclass ORDER BY 1`,
    );
    const { rows } = await bench.admin.query<{ parent: string }>(
      `SELECT inhparent::regclass::text AS parent FROM pg_index LEFT JOIN pg_inherits ON indexrelid = inhrelid
       WHERE indrelid = 'predictions_20260405'::regclass ORDER BY 1`,
    );
    expect(indexes).toContainEqual({ parent: 'predictions_by_key' });
    expect(rows).toEqual(indexes);
  });

  test('are dropped whole, with their segments; the day of the limit stays', async () => {
    await append([at('2026-05-01T12:00:00Z', 'first')], 'first');
    await append([at('2026-05-01T23:00:00Z', 'both'), at('2026-05-02T01:00:00Z', 'both')], 'both');
    await append([at('2026-05-03T12:00:00Z', 'last')], 'last');
    await bench.admin.query(`UPDATE prediction_segments SET appended_at = '2026-05-01'`);
    const dropped = await store.predictions.dropBefore('2026-05-02T23:59:59Z');
    expect(dropped).toContain('2026-05-01');
    expect(dropped).not.toContain('2026-05-02');
    const left = await store.predictions.list({ name: 'flights' });
    expect(left.map(({ requestId }) => requestId)).toEqual(['last', 'both']);
    const { rows } = await bench.admin.query(`SELECT id FROM prediction_segments ORDER BY id`);
    expect(rows).toEqual([{ id: 'both' }, { id: 'last' }]);
    expect(await store.predictions.dropBefore('2026-05-02T23:59:59Z')).toEqual([]);
  });

  test('that somebody reads stay until the next time', async () => {
    await append([at('2026-05-04T12:00:00Z', 'read')], 'read');
    await bench.admin.query(`UPDATE prediction_segments SET appended_at = '2026-05-04'`);
    const reader = await bench.rival();
    await reader.query(`BEGIN; SELECT * FROM predictions_20260504`);
    expect(await store.predictions.dropBefore('2026-05-05T00:00:00Z')).not.toContain('2026-05-04');
    expect(await count(bench.admin, 'prediction_segments')).toBe(1);
    await reader.query('COMMIT');
    expect(await store.predictions.dropBefore('2026-05-05T00:00:00Z')).toContain('2026-05-04');
  });

  test('that were dropped are made again for a late segment', async () => {
    const record = at('2026-06-01T12:00:00Z', 'late');
    await append([record]);
    await bench.admin.query(`UPDATE prediction_segments SET appended_at = '2026-06-01'`);
    await store.predictions.dropBefore('2026-06-02T00:00:00Z');
    await expect.poll(() => append([record], 'late').catch(() => undefined)).toEqual({ existing: false });
    expect(await store.predictions.list({ name: 'flights' })).toHaveLength(1);
  });
});

describe('looking up', () => {
  test('by request, key, time and model, newest first, as many as asked for', async () => {
    const at = (hour: number) => Date.UTC(2026, 7, 1, hour);
    await append([
      someRecord({ at: at(1), requestId: 'r1' }),
      someRecord({ at: at(2), requestId: 'r2', keys: ['a'] }),
      someRecord({ at: at(3), requestId: 'r2', keys: ['b', 'a'], rows: 2, arm: 'challenger' }),
      someRecord({ at: at(4), requestId: 'r4', keys: ['r1'] }),
      someRecord({ at: at(5), requestId: 'r1', name: 'other' }),
    ]);
    const find = async (filter: object) =>
      (await store.predictions.list({ name: 'flights', ...filter })).map((row) =>
        new Date(row.at).getUTCHours(),
      );
    expect(await find({})).toEqual([4, 3, 2, 1]);
    expect(await find({ limit: 2 })).toEqual([4, 3]);
    expect(await find({ requestId: 'r2' })).toEqual([3, 2]);
    expect(await find({ key: 'a' })).toEqual([3, 2]);
    // Without a key the request's id is the key.
    expect(await find({ key: 'r1' })).toEqual([4, 1]);
    expect(await find({ key: 'r2' })).toEqual([]);
    expect(await find({ from: '2026-08-01T02:00:00Z', to: '2026-08-01T06:00:00+02:00' })).toEqual([3, 2]);
    expect(await find({ name: 'other', requestId: 'r1' })).toEqual([5]);
  });

  test('the view gives the rows of a request', async () => {
    await append([
      someRecord({ requestId: 'one', rows: 2, outputs: Float32Array.of(1, 2, 3, 4, 5, 6) }),
      someRecord({
        requestId: 'two',
        rows: 2,
        rowIndexes: [3, 7],
        keys: ['a', 'b'],
        outputs: Float32Array.of(8, 9),
      }),
      someRecord({ requestId: 'zero', rows: 2, keys: ['all'], status: 500 }),
    ]);
    const { rows } = await bench.admin.query(
      `SELECT request_id, position, row_index, key, outputs FROM prediction_rows ORDER BY request_id, position`,
    );
    expect(rows.map((row: Record<string, unknown>) => Object.values(row))).toEqual([
      ['one', 0, 0, 'one', [1, 2, 3]],
      ['one', 1, 1, 'one', [4, 5, 6]],
      ['two', 0, 3, 'a', [8]],
      ['two', 1, 7, 'b', [9]],
      ['zero', 0, 0, 'all', null],
      ['zero', 1, 1, 'all', null],
    ]);
  });
});
