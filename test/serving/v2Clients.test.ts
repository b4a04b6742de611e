import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { withSession, type Answers } from '../../compute/session.ts';
import { pythonWith } from '../setup/python.ts';
import { someBatch, tinyModel } from './fixtures.ts';
import { serveFlights, type V2Gateway } from './v2Gateway.ts';

/** The clients that people use, tritonclient and KServe's, read from a gateway what the model answers. */

const PACKAGES = ['tritonclient[http]', 'kserve'];
const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const BATCH = someBatch(60, 7);

interface Read {
  dtype: string;
  shape: number[];
  values: number[];
}
interface Told {
  live: boolean;
  ready: boolean;
  modelReady: boolean[];
}
type Form = 'binary' | 'json';
type Infer = Record<'label' | 'probabilities' | 'pinnedLabel' | 'pinnedProbabilities', Read> & { id: string };
interface Seen {
  triton: Told &
    Record<Form, Infer & { version: string; pinned: string; classes: string[] }> & {
      server: { name: string; extensions: string[] };
      model: { versions: string[]; inputs: { name: string; datatype: string }[] };
      refusals: [string, string][];
    };
  kserve: Told & Record<Form, Infer> & { refusal: string };
}

let served: V2Gateway;
let seen: Seen | undefined;
let reason = '';
const answers: Answers[] = [];

// The first time the environment is made: 500 MB from PyPI.
beforeAll(async () => {
  const found = await pythonWith(PACKAGES, path('v2Clients.txt'));
  if ('reason' in found) {
    reason = found.reason;
    return;
  }
  const models = [
    await tinyModel({ learner: 'forest', params: { trees: 7 } }),
    await tinyModel({ learner: 'forest', params: { trees: 7 }, seed: 2 }),
  ];
  for (const { bytes } of models) answers.push(await withSession(bytes, (session) => session.predict(BATCH)));
  served = await serveFlights(models);
  const columns = Object.fromEntries(
    Object.entries(BATCH.columns).map(([name, column]) => [name, Array.from<unknown>(column)]),
  );
  const output = await ask(found.python, JSON.stringify({ url: served.url, columns }));
  seen = JSON.parse(output) as Seen;
}, 600_000);
afterAll(() => served?.close());

/** What the clients saw; without Python the test is skipped and says why. */
function read({ skip }: TestContext): Seen {
  return seen ?? skip(reason);
}

describe.each(['triton', 'kserve'] as const)('%s', (client) => {
  it('sees a server that lives, and which models are ready', (context) => {
    const { live, ready, modelReady } = read(context)[client];
    expect([live, ready, modelReady]).toEqual([true, true, [true, false]]);
  });

  it.for(['binary', 'json'] as const)(
    'reads in %s what the models answer to the last bit',
    (form, context) => {
      const { label, probabilities, pinnedLabel, pinnedProbabilities } = read(context)[client][form];
      const read64 = (values?: Int32Array) => ({ dtype: 'int64', shape: [60], values: [...(values ?? [])] });
      const read32 = (values?: Float32Array) => ({
        dtype: 'float32',
        shape: [60, 2],
        values: [...(values ?? [])],
      });
      expect(label).toEqual(read64(answers[0].labels));
      expect(probabilities).toEqual(read32(answers[0].probabilities));
      expect(pinnedLabel).toEqual(read64(answers[1].labels));
      expect(pinnedProbabilities).toEqual(read32(answers[1].probabilities));
      // The two versions are told apart.
      expect(pinnedProbabilities.values).not.toEqual(probabilities.values);
    },
  );
});

it('tritonclient reads metadata, the version, its id and the names of classes', (context) => {
  const { triton } = read(context);
  expect(triton.server).toMatchObject({
    name: 'perennial',
    extensions: ['binary_tensor_data', 'classification'],
  });
  expect(triton.model.versions).toEqual(['1', '2']);
  expect(triton.model.inputs).toContainEqual({ name: 'carrier', datatype: 'BYTES', shape: [-1, 1] });
  for (const form of ['binary', 'json'] as const) {
    const { id, version, pinned, classes } = triton[form];
    expect([id, version, pinned]).toEqual(['a 1', '1', '2']);
    const labels = [...(answers[0].labels ?? [])];
    expect(classes.map((text) => text.split(':').slice(1))).toEqual(
      labels.map((i) => [String(i), String(i === 1)]),
    );
  }
});

it('both are told why they are refused', (context) => {
  const { triton, kserve } = read(context);
  const infinity = expect.stringMatching(/"distance" \(FP64\) holds Infinity at position 0/) as unknown;
  const wide = expect.stringMatching(
    /"distance" holds 9007199254740993 at position 0, which a double/,
  ) as unknown;
  const time = expect.stringMatching(/inputs.at.data\[0\] is "yesterday"; expected a time/) as unknown;
  const reasons = [infinity, wide, time].map((reason) => ['400', reason]);
  expect(triton.refusals).toEqual([...reasons, ...reasons]);
  expect(kserve.refusal).toMatch(/The input ".*" is missing; the model "flights" reads .*400 Bad Request/);
  expect([kserve.binary.id, kserve.json.id]).toEqual(['b 2', 'b 2']);
});

function ask(python: string, input: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(python, [path('v2Clients.py')], { maxBuffer: 2 ** 26 }, (error, stdout, stderr) =>
      error ? reject(new Error(`${error.message}\n${stderr}`)) : resolve(stdout),
    );
    child.stdin?.end(input);
  });
}
