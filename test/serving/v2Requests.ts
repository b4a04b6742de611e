import type { RawBatch } from '../../config/raw.ts';

/** Requests of the Open Inference Protocol V2 as a client writes them, and its answers as it reads them. */

export interface Tensor {
  name: string;
  datatype: string;
  shape: number[];
  data?: unknown[];
  /** Sent after the JSON. */
  bytes?: Uint8Array;
}

export interface Asked {
  body: Buffer;
  headers: Record<string, string>;
}

/** @param rest of the document: id, parameters, outputs */
export function request(tensors: readonly Tensor[], rest: object = {}): Asked {
  const inputs = tensors.map(({ bytes, ...tensor }) =>
    bytes ? { ...tensor, parameters: { binary_data_size: bytes.length } } : tensor,
  );
  return body(JSON.stringify({ ...rest, inputs }), ...tensors.flatMap(({ bytes }) => bytes ?? []));
}

export function body(json: string, ...binary: Uint8Array[]): Asked {
  const document = Buffer.from(json);
  if (binary.length === 0) return { body: document, headers: { 'content-type': 'application/json' } };
  return {
    body: Buffer.concat([document, ...binary]),
    headers: {
      'content-type': 'application/octet-stream',
      'inference-header-content-length': String(document.length),
    },
  };
}

/** The columns of a batch, as FP64 and BYTES. */
export function tensorsOf({ rows, columns }: RawBatch, form: 'json' | 'binary'): Tensor[] {
  return Object.entries(columns).map(([name, column]) => {
    const head = { name, shape: [rows, 1], datatype: column instanceof Float64Array ? 'FP64' : 'BYTES' };
    if (form === 'binary') return { ...head, bytes: toBytes(column) };
    return { ...head, data: Array.from<unknown>(column) };
  });
}

export function toBytes(column: Float64Array | readonly string[]): Uint8Array {
  return column instanceof Float64Array ? new Uint8Array(column.slice().buffer) : textBytes(column);
}

export function textBytes(texts: readonly (string | Uint8Array)[]): Uint8Array {
  return Buffer.concat(
    texts.map((text) => {
      const bytes = Buffer.from(text);
      const length = Buffer.alloc(4);
      length.writeUInt32LE(bytes.length);
      return Buffer.concat([length, bytes]);
    }),
  );
}

export interface Answered {
  status: number;
  headers: Headers;
  document: {
    error?: string;
    model_name?: string;
    model_version?: string;
    id?: string;
    parameters?: Record<string, unknown>;
    outputs?: Tensor[];
  };
  /** What follows the JSON. */
  binary: Buffer;
}

export async function send(url: string, { body, headers }: Asked): Promise<Answered> {
  const response = await fetch(url, { method: 'POST', body: new Uint8Array(body), headers });
  const bytes = Buffer.from(await response.arrayBuffer());
  const split = Number(response.headers.get('inference-header-content-length') ?? bytes.length);
  return {
    status: response.status,
    headers: response.headers,
    document: JSON.parse(bytes.toString('utf8', 0, split)) as Answered['document'],
    binary: bytes.subarray(split),
  };
}
