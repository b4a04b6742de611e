import type { Answers } from '../../compute/session.ts';
import type { ModelVersionRow, Signature } from '../../store/types.ts';
import { shortest } from './floats.ts';
import { refusal } from './refusal.ts';
import { topClasses } from './topClasses.ts';
import type { V2Request, WantedOutput } from './request.ts';

export interface V2Answer {
  /** JSON, or JSON and after it the binary data. */
  body: string | Buffer;
  /** Bytes of the JSON; present where binary data follow it. */
  headerLength?: number;
}

type Output = WantedOutput & { binary: boolean };

/**
 * The outputs that a request asks for; all of them where it names none.
 *
 * @throws PerennialError INVALID_INPUT for one that the model does not have, or one that is asked for twice
 */
export function wantedOutputs(model: ModelVersionRow, { outputs, binaryOutput }: V2Request): Output[] {
  const names = model.signature.outputs.map(({ name }) => name);
  const wanted: readonly WantedOutput[] = outputs ?? names.map((name) => ({ name }));
  return wanted.map((output, i) => {
    const { name, binary = binaryOutput, classes } = output;
    const place = `outputs.${name}`;
    if (!names.includes(name)) {
      const shown = name.slice(0, 100);
      throw refusal(
        place,
        `The model "${model.name}" has no output "${shown}"; it gives ${names.join(', ')}.`,
      );
    }
    if (wanted.findIndex((other) => other.name === name) < i) {
      throw refusal(place, `The output "${name}" is asked for twice.`);
    }
    if (classes !== undefined && name !== 'probabilities') {
      throw refusal(place, `The output "${name}" holds no classes to choose from; "probabilities" does.`);
    }
    return { ...output, binary };
  });
}

/** Writes what a version answered. Float32 numbers in JSON have the fewest digits that read back as the same number. */
export function writeAnswer(
  model: ModelVersionRow,
  answers: Answers,
  request: Pick<V2Request, 'id' | 'rows'>,
  wanted: readonly Output[],
  requestId: string,
): V2Answer {
  const binary: Uint8Array[] = [];
  const outputs = wanted.map((output) => {
    const { datatype, shape, values } = tensorOf(output, model.signature, answers, request.rows);
    const head = `{"name":"${output.name}","datatype":"${datatype}","shape":[${shape.join(',')}]`;
    if (!output.binary) return `${head},"data":[${inJson(values)}]}`;
    const bytes = inBinary(values);
    binary.push(bytes);
    return `${head},"parameters":{"binary_data_size":${bytes.length}}}`;
  });
  const id = request.id === undefined ? '' : `"id":${JSON.stringify(request.id)},`;
  const json =
    `{"model_name":${JSON.stringify(model.name)},"model_version":"${model.version}",${id}` +
    `"parameters":{"request_id":${JSON.stringify(requestId)}},"outputs":[${outputs.join(',')}]}`;
  if (binary.length === 0) return { body: json };
  const header = Buffer.from(json);
  return { body: Buffer.concat([header, ...binary]), headerLength: header.length };
}

type Values = Int32Array | Float32Array | readonly string[];

interface Tensor {
  datatype: 'INT64' | 'FP32' | 'BYTES';
  shape: number[];
  values: Values;
}

function tensorOf({ name, classes }: Output, signature: Signature, answers: Answers, rows: number): Tensor {
  if (name === 'label' && answers.labels) return { datatype: 'INT64', shape: [rows], values: answers.labels };
  if (name === 'prediction' && answers.prediction) {
    return { datatype: 'FP32', shape: [rows], values: answers.prediction };
  }
  const { probabilities } = answers;
  if (name !== 'probabilities' || !probabilities) throw new Error(`the model's answers have no ${name}`);
  const width = probabilities.length / rows;
  if (classes === undefined) return { datatype: 'FP32', shape: [rows, width], values: probabilities };
  const most = Math.min(classes, width);
  const values = topClasses(probabilities, width, most, signature.classes ?? []);
  return { datatype: 'BYTES', shape: [rows, most], values };
}

function inJson(values: Values): string {
  if (values instanceof Int32Array) return values.join(',');
  if (!(values instanceof Float32Array)) return values.map((value) => JSON.stringify(value)).join(',');
  const digits = new Array<string>(values.length);
  // JSON has no NaN.
  for (let i = 0; i < values.length; i++) {
    digits[i] = Number.isFinite(values[i]) ? String(shortest(values[i])) : 'null';
  }
  return digits.join(',');
}

function inBinary(values: Values): Uint8Array {
  if (values instanceof Float32Array) {
    return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  }
  if (values instanceof Int32Array) {
    const halves = new Int32Array(values.length * 2);
    for (let i = 0; i < values.length; i++) {
      halves[2 * i] = values[i];
      halves[2 * i + 1] = values[i] >> 31;
    }
    return new Uint8Array(halves.buffer);
  }
  return Buffer.concat(
    values.map((value) => {
      const bytes = Buffer.from(`\0\0\0\0${value}`);
      bytes.writeUInt32LE(bytes.length - 4);
      return bytes;
    }),
  );
}
