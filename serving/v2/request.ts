import { splitBody } from './document.ts';
import { object, optionalFlag, optionalObject, optionalText, text, type Fields } from './fields.ts';
import { refusal } from './refusal.ts';
import { readTensor, type InputTensor, type TensorLimits } from './tensor.ts';

export interface WantedOutput {
  name: string;
  /** Undefined: as the request says for all. */
  binary?: boolean;
  /** How many of the most probable classes, as text, instead of the numbers. */
  classes?: number;
}

export interface V2Request {
  id?: string;
  /** What the route is chosen by; see `InferRequest.keys`. */
  key?: string;
  /** Whether outputs that do not say otherwise are answered in binary. */
  binaryOutput: boolean;
  rows: number;
  inputs: InputTensor[];
  /** Absent: all. */
  outputs?: WantedOutput[];
}

/**
 * Reads the body of an infer request: a JSON document, and after it the binary data of those inputs that say how many
 * bytes they have.
 *
 * @param headerLength the header Inference-Header-Content-Length: bytes of the document; absent, the whole body
 * @throws PerennialError INVALID_INPUT, TOO_LARGE naming the tensor
 */
export function readRequest(body: Buffer, headerLength: string | undefined, limits: TensorLimits): V2Request {
  const { document, binary } = splitBody(body, headerLength);
  const parameters = optionalObject(document.parameters, 'parameters');
  const inputs = readInputs(document.inputs, binary, limits);
  return {
    id: optionalText(document.id, 'id', limits.maxTextBytes),
    key: readKey(parameters, limits.maxTextBytes),
    binaryOutput: optionalFlag(parameters?.binary_data_output, 'parameters.binary_data_output') ?? false,
    rows: inputs[0].rows,
    inputs,
    outputs: readOutputs(document.outputs, limits.maxTextBytes),
  };
}

function readInputs(given: unknown, bytes: Uint8Array, limits: TensorLimits): InputTensor[] {
  if (!Array.isArray(given) || given.length === 0) {
    throw refusal('inputs', 'inputs must be an array with one tensor for each column of the model.');
  }
  const binary = { bytes, taken: 0 };
  const inputs = given.map((input: unknown, i) => readTensor(input, `inputs[${i}]`, binary, limits));
  if (binary.taken < bytes.length) {
    throw refusal(
      'inputs',
      `The body has ${bytes.length} bytes after the JSON; the binary_data_size of the inputs add up to ${binary.taken}.`,
    );
  }
  const [first] = inputs;
  const other = inputs.find(({ rows }) => rows !== first.rows);
  if (!other) return inputs;
  throw refusal(
    `inputs.${other.name}.shape`,
    `The input "${other.name}" has ${other.rows} rows, "${first.name}" has ${first.rows}.`,
  );
}

function readOutputs(given: unknown, maxTextBytes: number): WantedOutput[] | undefined {
  if (given === undefined || given === null) return undefined;
  if (!Array.isArray(given)) throw refusal('outputs', 'outputs must be an array.', { value: given });
  if (given.length === 0) return undefined;
  return given.map((item: unknown, i) => {
    const output = object(item, `outputs[${i}]`);
    const name = text(output.name, `outputs[${i}].name`, maxTextBytes);
    const place = `outputs.${name}.parameters`;
    const parameters = optionalObject(output.parameters, place);
    return {
      name,
      binary: optionalFlag(parameters?.binary_data, `${place}.binary_data`),
      classes: readClasses(parameters?.classification, `${place}.classification`),
    };
  });
}

function readClasses(value: unknown, place: string): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 1) return value;
  throw refusal(place, `${place} must be a number of classes, at least 1.`, { value });
}

/** Text, or a whole number that stands for its digits; as in the plain form. */
function readKey(parameters: Fields | undefined, maxTextBytes: number): string | undefined {
  const value = parameters?.key;
  const key = Number.isSafeInteger(value) ? String(value) : value;
  const known = optionalText(key, 'parameters.key', maxTextBytes);
  if (known === '' || known?.includes('\0')) {
    throw refusal('parameters.key', 'parameters.key must be text that is not empty and holds no U+0000.', {
      value,
    });
  }
  return known;
}
