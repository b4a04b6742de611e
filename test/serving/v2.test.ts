import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withSession, type Answers } from '../../compute/session.ts';
import { someBatch, tinyModel } from './fixtures.ts';
import { serveFlights, type V2Gateway } from './v2Gateway.ts';
import { body, request, send, tensorsOf, textBytes } from './v2Requests.ts';

/** The protocol over a running gateway: what is asked in either form is answered as the model answers it. */

let served: V2Gateway;
const BATCH = someBatch(100, 7);
const answers: Answers[] = [];

beforeAll(async () => {
  const binary = await tinyModel({ learner: 'forest', params: { trees: 7 } });
  const multiclass = await tinyModel({
    task: 'multiclass',
    learner: 'forest',
    params: { trees: 7 },
    seed: 2,
  });
  const regression = await tinyModel({ task: 'regression', seed: 3 });
  const sibling = await tinyModel({ learner: 'forest', params: { trees: 7 }, seed: 4 });
  const models = [binary, multiclass, regression, sibling];
  served = await serveFlights(models);
  for (const { bytes } of models) answers.push(await withSession(bytes, (session) => session.predict(BATCH)));
});
afterAll(() => served?.close());

const get = async (path: string) => {
  const response = await fetch(served.url + path);
  return { status: response.status, document: (await response.json()) as Record<string, unknown> };
};
const infer = (asked: ReturnType<typeof request>, path = '/v2/models/flights/infer') =>
  send(served.url + path, asked);

describe('what the server says of itself', () => {
  it('names itself, its version and its extensions', async () => {
    const { document } = await get('/v2');
    expect(document).toMatchObject({
      name: 'perennial',
      extensions: ['binary_tensor_data', 'classification'],
    });
    expect(document.version).toMatch(/^\d+\.\d+\.\d+/);
  });

  it('lives and is ready', async () => {
    expect(await get('/v2/health/live')).toEqual({ status: 200, document: { live: true } });
    expect(await get('/v2/health/ready')).toEqual({ status: 200, document: { live: true, ready: true } });
  });
});

describe('what it says of a model', () => {
  it('names versions, inputs and outputs of the champion, and of the version that is asked for', async () => {
    const inputs = expect.arrayContaining([
      { name: 'distance', datatype: 'FP64', shape: [-1, 1] },
      { name: 'carrier', datatype: 'BYTES', shape: [-1, 1] },
    ]) as unknown;
    const outputs = (classes: number) => [
      { name: 'label', datatype: 'INT64', shape: [-1] },
      { name: 'probabilities', datatype: 'FP32', shape: [-1, classes] },
    ];
    const common = { name: 'flights', versions: ['1', '2', '3', '4'], platform: 'onnx_onnxruntime', inputs };
    expect((await get('/v2/models/flights')).document).toEqual({ ...common, outputs: outputs(2) });
    expect((await get('/v2/models/flights/versions/2')).document).toEqual({ ...common, outputs: outputs(3) });
    expect((await get('/v2/models/flights/versions/3')).document.outputs).toEqual([
      { name: 'prediction', datatype: 'FP32', shape: [-1] },
    ]);
  });

  it('is ready where a version is loaded, and not where it would have to be', async () => {
    expect(await get('/v2/models/flights/ready')).toEqual({
      status: 200,
      document: { name: 'flights', ready: true },
    });
    expect(await get('/v2/models/flights/versions/2/ready')).toEqual({
      status: 503,
      document: { name: 'flights', ready: false },
    });
  });

  it.each(['/v2/models/trains', '/v2/models/flights/versions/9', '/v2/models/flights/versions/latest'])(
    'answers 404 and why for %s, its readiness and a question',
    async (path) => {
      for (const { status, document } of [
        await get(path),
        await get(`${path}/ready`),
        await infer(request(tensorsOf(BATCH, 'json')), `${path}/infer`),
      ]) {
        expect(status).toBe(404);
        expect(document.error).toMatch(/no (model|version)/);
      }
    },
  );
});

describe('infer', () => {
  it.each(['json', 'binary'] as const)('answers %s in JSON as the model does', async (form) => {
    const { status, headers, document } = await infer(request(tensorsOf(BATCH, form), { id: 'ü-1' }));
    expect(status).toBe(200);
    expect(headers.get('content-type')).toMatch(/^application\/json/);
    expect(document).toMatchObject({ model_name: 'flights', model_version: '1', id: 'ü-1' });
    expect(document.parameters?.request_id).toBe(headers.get('x-request-id'));
    const [label, probabilities] = document.outputs ?? [];
    expect(label).toEqual({
      name: 'label',
      datatype: 'INT64',
      shape: [100],
      data: [...(answers[0].labels ?? [])],
    });
    expect(probabilities).toMatchObject({ name: 'probabilities', datatype: 'FP32', shape: [100, 2] });
    expect(Float32Array.from(probabilities.data as number[])).toEqual(answers[0].probabilities);
  });

  it.each(['json', 'binary'] as const)('answers %s in binary as the model does', async (form) => {
    const rest = { parameters: { binary_data_output: true } };
    const { headers, document, binary } = await infer(request(tensorsOf(BATCH, form), rest));
    expect(headers.get('content-type')).toBe('application/octet-stream');
    expect(document.id).toBeUndefined();
    expect(document.outputs).toEqual([
      { name: 'label', datatype: 'INT64', shape: [100], parameters: { binary_data_size: 800 } },
      { name: 'probabilities', datatype: 'FP32', shape: [100, 2], parameters: { binary_data_size: 800 } },
    ]);
    const labels = Array.from(answers[0].labels ?? [], BigInt);
    expect(Buffer.from(BigInt64Array.from(labels).buffer).equals(binary.subarray(0, 800))).toBe(true);
    expect(new Float32Array(new Uint8Array(binary.subarray(800)).buffer)).toEqual(answers[0].probabilities);
  });

  it('takes some inputs in JSON and some in binary, in any order', async () => {
    const json = tensorsOf(BATCH, 'json');
    const mixed = tensorsOf(BATCH, 'binary').map((tensor, i) => (i % 2 ? json[i] : tensor));
    for (const tensors of [mixed, mixed.toReversed()]) {
      const { document } = await infer(request(tensors));
      expect(document.outputs?.[0].data).toEqual([...(answers[0].labels ?? [])]);
    }
  });

  it('gives the outputs that are asked for, each in the form that it is asked in', async () => {
    const { document, binary } = await infer(
      request(tensorsOf(BATCH, 'json'), {
        parameters: { binary_data_output: true },
        outputs: [{ name: 'probabilities', parameters: { binary_data: false } }, { name: 'label' }],
      }),
    );
    expect(document.outputs?.map(({ name, data }) => [name, data?.length])).toEqual([
      ['probabilities', 200],
      ['label', undefined],
    ]);
    expect(binary.length).toBe(800);
  });

  it('names the most probable classes where they are asked for', async () => {
    const outputs = [{ name: 'probabilities', parameters: { classification: 2 } }];
    const path = '/v2/models/flights/versions/2/infer';
    const { document } = await infer(request(tensorsOf(BATCH, 'json'), { outputs }), path);
    expect(document.outputs).toMatchObject([{ name: 'probabilities', datatype: 'BYTES', shape: [100, 2] }]);
    const told = document.outputs?.[0].data as string[];
    const expected = Array.from({ length: 100 }, (_, row) => {
      const shares = [...(answers[1].probabilities ?? [])].slice(row * 3, row * 3 + 3);
      const ranked = [0, 1, 2].sort((a, b) => shares[b] - shares[a]).slice(0, 2);
      return ranked.map((index) => [shares[index], String(index), ['low', 'middle', 'high'][index]]);
    });
    const read = told
      .map((text) => text.split(':'))
      .map(([share, ...rest]) => [Math.fround(Number(share)), ...rest]);
    expect(read).toEqual(expected.flat());

    const asBinary = [{ name: 'probabilities', parameters: { classification: 2, binary_data: true } }];
    const { binary } = await infer(request(tensorsOf(BATCH, 'json'), { outputs: asBinary }), path);
    expect(binary.equals(textBytes(told))).toBe(true);
  });

  it('answers with the version that is named, and says so', async () => {
    const three = await infer(request(tensorsOf(BATCH, 'json')), '/v2/models/flights/versions/3/infer');
    expect(three.document.model_version).toBe('3');
    expect(Float32Array.from(three.document.outputs?.[0].data as number[])).toEqual(answers[2].prediction);
    const two = await infer(request(tensorsOf(BATCH, 'binary')), '/v2/models/flights/versions/2/infer');
    expect(two.document.model_version).toBe('2');
    expect(two.document.outputs?.[0].data).toEqual([...(answers[1].labels ?? [])]);
  });

  it('reads a body of no media type, which is what tritonclient sends', async () => {
    const { body: bytes } = request(tensorsOf(BATCH, 'json'));
    const { status } = await infer({ body: bytes, headers: {} });
    expect(status).toBe(200);
  });
});

describe('refusals name what is wrong', () => {
  const tensors = tensorsOf(someBatch(2), 'json');
  const without = tensors.filter(({ name }) => name !== 'carrier');
  const replaced = (change: object) => [...without, { ...tensors[1], name: 'carrier', ...change }];
  const carrier = (change: object) => request(replaced(change));

  it.each([
    ['a missing input', request(without), 400, /"carrier" is missing; the model "flights" reads/],
    ['an unknown input', request([...tensors, { ...tensors[0], name: 'weight' }]), 400, /no input "weight"/],
    ['an input given twice', request([...tensors, tensors[0]]), 400, /"distance" is given twice/],
    [
      'inputs of different rows',
      carrier({ shape: [1], data: ['AA'] }),
      400,
      /"carrier" has 1 rows, .* has 2/,
    ],
    ['no inputs', request([]), 400, /inputs must be an array/],
    [
      'an unknown output',
      request(tensors, { outputs: [{ name: 'odds' }] }),
      400,
      /no output "odds".*label, prob/,
    ],
    [
      'an output asked for twice',
      request(tensors, { outputs: [{ name: 'label' }, { name: 'label' }] }),
      400,
      /twice/,
    ],
    [
      'classes of labels',
      request(tensors, { outputs: [{ name: 'label', parameters: { classification: 1 } }] }),
      400,
      /holds no classes/,
    ],
    ['an unknown datatype', carrier({ datatype: 'COMPLEX' }), 400, /"carrier" has the datatype "COMPLEX"/],
    ['a shape of three', carrier({ shape: [2, 1, 1] }), 400, /"carrier" has the shape \[2,1,1\]/],
    ['a shape of two columns', carrier({ shape: [1, 2] }), 400, /"carrier" has the shape \[1,2\]/],
    ['a negative shape', carrier({ shape: [-2] }), 400, /"carrier" has the shape \[-2\]/],
    ['no rows', carrier({ shape: [0], data: [] }), 400, /at least one row/],
    ['a shape beyond all numbers', carrier({ shape: [2 ** 53, 2 ** 53] }), 400, /"carrier" has the shape/],
    [
      'too many rows',
      carrier({ shape: [10_001] }),
      413,
      /"carrier" has 10001 rows; a request may have 10000/,
    ],
    ['less data than the shape', carrier({ data: ['AA'] }), 400, /"carrier" has 1 values; its shape has 2/],
    [
      'a ragged array',
      carrier({ shape: [2, 1], data: [['AA'], 'AA'] }),
      400,
      /"carrier" has no array of one value at position 1/,
    ],
    ['no data', carrier({ data: undefined }), 400, /"carrier" has neither data nor binary_data_size/],
    [
      'both forms',
      carrier({ data: ['AA', 'AA'], parameters: { binary_data_size: 8 } }),
      400,
      /"carrier" has both/,
    ],
    [
      'text that is too long',
      carrier({ data: ['a'.repeat(1001), ''] }),
      413,
      /carrier.*longer than 1000 bytes/,
    ],
    ['an id that is no text', request(tensors, { id: 7 }), 400, /id must be text/],
    ['an empty key', request(tensors, { parameters: { key: '' } }), 400, /parameters.key must be text/],
    ['no JSON', body('{"inputs":'), 400, /not JSON/],
    ['another document', body('[]'), 400, /must be a JSON object/],
    ['nothing', body(''), 400, /empty/],
  ])('%s', async (_what, asked, status, error) => {
    const answered = await infer(asked);
    expect(answered.document.error).toMatch(error);
    expect(answered.status).toBe(status);
    // The media type by which KServe's client finds the reason.
    expect(answered.headers.get('content-type')).toBe('application/json');
  });

  const texts = textBytes(['AA', 'WN']);
  const size = (bytes: number) => ({
    shape: [2],
    datatype: 'BYTES',
    data: undefined,
    parameters: { binary_data_size: bytes },
  });
  const binaryCarrier = (said: number, bytes: Uint8Array) =>
    body(JSON.stringify({ inputs: replaced(size(said)) }), bytes);

  it.each([
    [
      'fewer bytes than said',
      binaryCarrier(100, texts),
      /"carrier" is said to have 100 bytes; the body has 12 left/,
    ],
    [
      'more bytes than said',
      binaryCarrier(12, Buffer.concat([texts, texts])),
      /24 bytes after the JSON; .* add up to 12/,
    ],
    [
      'a size that holds no lengths',
      binaryCarrier(7, texts),
      /"carrier" is said to have 7 bytes; 2 of BYTES have at least 8/,
    ],
    ['a size below nothing', binaryCarrier(-12, texts), /"carrier" has the binary_data_size -12/],
    [
      'a length that lies',
      binaryCarrier(12, Buffer.from('ffffff7f414102000000574e', 'hex')),
      /"carrier" says 2147483647 bytes at position 0; 8 are left/,
    ],
    [
      'texts that end early',
      binaryCarrier(14, Buffer.concat([texts, new Uint8Array(2)])),
      /"carrier" has 14 bytes; its 2 texts .* take 12/,
    ],
    [
      'bytes that are no text',
      binaryCarrier(12, textBytes([Buffer.from([0xff, 0xfe]), 'WN'])),
      /"carrier" is not UTF-8 at position 0/,
    ],
    [
      'a text that is too long',
      binaryCarrier(1011, textBytes(['a'.repeat(1001), 'AA'])),
      /"carrier" holds 1001 bytes of text/,
    ],
    [
      'a size without the header',
      { ...binaryCarrier(12, texts), headers: { 'content-type': 'application/octet-stream' } },
      /not JSON/,
    ],
  ])('in binary: %s', async (_what, asked, error) => {
    const { status, document } = await infer(asked);
    expect(document.error).toMatch(error);
    expect(status).toBe(/1001/.test(error.source) ? 413 : 400);
  });

  it.each(['9999999', '-1', '1e2', ''])('a header that says %j', async (length) => {
    const { body: bytes } = request(tensors);
    const headers = { 'content-type': 'application/json', 'inference-header-content-length': length };
    const { status, document } = await infer({ body: bytes, headers });
    expect(document.error).toMatch(/Inference-Header-Content-Length is/);
    expect(status).toBe(400);
  });

  it('a media type that is not read', async () => {
    const { status, document } = await infer({
      ...request(tensors),
      headers: { 'content-type': 'text/plain' },
    });
    expect([status, document.error]).toEqual([415, 'Bodies of the type text/plain are not read here.']);
  });

  it('a body that is too large', async () => {
    const asked = request([
      { name: 'distance', datatype: 'FP64', shape: [9], bytes: new Uint8Array(2 ** 21) },
    ]);
    expect((await infer(asked)).status).toBe(413);
  });
});

it('answers the requests of one key with one version, in either form, and those of many keys with both', async () => {
  const { store } = served.bench;
  const { revision } = (await store.routes.get('flights')) ?? { revision: 0 };
  await store.routes.change({
    ...{ name: 'flights', championVersion: 1, challengerVersion: 4, weight: 0.5 },
    ...{ rolloutId: 'rollout/flights/1', stage: 0, logInputs: false },
    ...{ expectedRevision: revision, holder: 'rollout/flights/1' },
    ...{ actor: 'tester', reason: 'a test', idempotencyKey: 'test/1' },
  });
  const versionOf = async (key: string | number, form: 'json' | 'binary' = 'binary') =>
    (await infer(request(tensorsOf(BATCH, form), { parameters: { key } }))).document.model_version;
  const keys = Array.from({ length: 30 }, (_, i) => `customer ${i}`);
  const versionsOf = () => Promise.all(keys.map((key) => versionOf(key)));
  await expect
    .poll(async () => new Set(await versionsOf()), { timeout: 20_000 })
    .toEqual(new Set(['1', '4']));
  const first = await versionsOf();
  expect(await versionsOf()).toEqual(first);
  expect(await Promise.all(keys.map((key) => versionOf(key, 'json')))).toEqual(first);
  expect(await versionOf(42)).toBe(await versionOf('42'));
});
