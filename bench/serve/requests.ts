import { COLUMNS, makeRows } from './model.ts';
import type { Target } from './load.ts';

/** The same rows in each server's own form. */

const JSON_TYPE = { 'content-type': 'application/json' };
const THOUSAND = 1_000;
const one = makeRows(1, 7).batch.columns as Record<string, Float64Array>;
const thousand = makeRows(THOUSAND, 8).batch.columns as Record<string, Float64Array>;
const rowMajor = Array.from({ length: THOUSAND }, (_, row) =>
  Array.from({ length: COLUMNS }, (_, i) => thousand[`x${i}`][row]),
);
const values = Object.values(one).map(([value]) => value);

export const plainRow = (url: string, model: string): Target => ({
  url: `${url}/models/${model}/predict`,
  body: JSON.stringify({
    row: Object.fromEntries(Object.entries(one).map(([name, [value]]) => [name, value])),
  }),
  headers: JSON_TYPE,
});

export const v2Rows = (url: string, model: string): Target => {
  const inputs = Object.keys(thousand).map((name) => ({
    name,
    datatype: 'FP64',
    shape: [THOUSAND, 1],
    parameters: { binary_data_size: THOUSAND * 8 },
  }));
  const header = Buffer.from(JSON.stringify({ inputs, parameters: { binary_data_output: true } }));
  return {
    url: `${url}/v2/models/${model}/infer`,
    body: Buffer.concat([header, ...Object.values(thousand).map((column) => Buffer.from(column.buffer))]),
    headers: {
      'content-type': 'application/octet-stream',
      'inference-header-content-length': String(header.length),
    },
  };
};

const json = (url: string, body: object): Target => ({ url, body: JSON.stringify(body), headers: JSON_TYPE });
export const fastapiRow = (url: string): Target => json(`${url}/predict`, { x: values });
export const fastapiRows = (url: string): Target => json(`${url}/predict_rows`, { x: rowMajor });
export const fastapiRaw = (url: string): Target => ({
  url: `${url}/predict_raw`,
  body: Buffer.from(Float64Array.from(rowMajor.flat()).buffer),
  headers: { 'content-type': 'application/octet-stream' },
});
export const bentoRow = (url: string): Target => json(`${url}/predict`, { x: [values] });
export const mlflowRow = (url: string): Target => json(`${url}/invocations`, { inputs: [values] });
