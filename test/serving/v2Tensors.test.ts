import { describe, expect, it } from 'vitest';
import { Random } from '../../learning/rng.ts';
import { shortest } from '../../serving/v2/floats.ts';
import { keepValues } from '../../serving/v2/lossless.ts';
import { readBatch } from '../../serving/v2/batch.ts';
import { readRequest } from '../../serving/v2/request.ts';
import type { ModelVersionRow, Signature } from '../../store/types.ts';
import { body, request, textBytes, type Asked, type Tensor } from './v2Requests.ts';

/** Values survive the way from a tensor to a column to the last bit, or are refused by name and position. */

const LIMITS = { maxRows: 1_000, maxTextBytes: 1_000 };
type ColumnType = Signature['inputs'][number]['columnType'];

/** A request of one tensor `x`, as the column of that type that the model would read. */
function read(type: ColumnType, asked: Asked): unknown[] {
  const inputs = [{ name: 'x', columnType: type }];
  const model = { name: 'm', version: 1, signature: { inputs } } as unknown as ModelVersionRow;
  const header = asked.headers['inference-header-content-length'];
  const { columns } = readBatch([model], readRequest(asked.body, header, LIMITS), LIMITS);
  return Array.from<unknown>(columns.x);
}

const json = (datatype: string, data: unknown[]) =>
  request([{ name: 'x', datatype, shape: [data.length], data }]);
/** As text, for what JSON.stringify cannot write. */
const written = (datatype: string, data: string) =>
  body(
    `{"inputs":[{"name":"x","shape":[${data.split(',').length}],"datatype":"${datatype}","data":[${data}]}]}`,
  );
const binary = (datatype: string, rows: number, bytes: Uint8Array, padding = 0) => {
  const tensor: Tensor = { name: 'x', datatype, shape: [rows, 1], bytes };
  return request([tensor], { id: ' '.repeat(padding) });
};
const bytesOf = (array: ArrayBufferView) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

describe('numbers', () => {
  const MOST = Number.MAX_SAFE_INTEGER;
  it.each([
    ['FP64', new Float64Array([0.1, -0, NaN, 5e-324, 1.7976931348623157e308])],
    ['FP32', new Float32Array([0.1, NaN, 1e-45, 3.4028234663852886e38])],
    ['INT8', new Int8Array([-128, 127])],
    ['INT16', new Int16Array([-32768, 32767])],
    ['INT32', new Int32Array([-2147483648, 2147483647])],
    ['INT64', new BigInt64Array([BigInt(MOST), BigInt(-MOST), -(2n ** 63n), 2n ** 53n, -1n, 0n])],
    ['UINT8', new Uint8Array([0, 255])],
    ['UINT16', new Uint16Array([0, 65535])],
    ['UINT32', new Uint32Array([0, 4294967295])],
    ['UINT64', new BigUint64Array([BigInt(MOST), 2n ** 63n, 0n, 2n ** 53n + 2n])],
  ])('%s, in binary from any place in the body and in JSON', (datatype, values) => {
    const expected = Array.from<number | bigint, number>(values, Number);
    for (let padding = 0; padding < 8; padding++) {
      expect(read('number', binary(datatype, values.length, bytesOf(values), padding))).toEqual(expected);
    }
    const digits = Array.from<number | bigint, string>(values, (value) =>
      Object.is(value, -0) ? '-0' : String(value),
    );
    expect(read('number', written(datatype, digits.join(',')))).toEqual(expected);
  });

  it('BOOL', () => {
    expect(read('boolean', binary('BOOL', 2, new Uint8Array([1, 0])))).toEqual([1, 0]);
    expect(read('boolean', json('BOOL', [true, false, 1, 0, null]))).toEqual([1, 0, 1, 0, NaN]);
  });

  it('FP16, in binary alone', () => {
    const halves = new Uint16Array([0x3c00, 0xc000, 0x7bff, 0x0001, 0x03ff, 0x0400, 0x3555, 0x8000, 0x7e00]);
    const expected = [1, -2, 65504, 2 ** -24, 1023 * 2 ** -24, 2 ** -14, 0.333251953125, -0, NaN];
    expect(read('number', binary('FP16', 9, bytesOf(halves)))).toEqual(expected);
    expect(() => read('number', json('FP16', [1]))).toThrow(/"x" is FP16, which is read in binary form only/);
  });

  it('a single precision is the same number in JSON as in binary', () => {
    expect(read('number', json('FP32', [0.1, 16777217]))).toEqual([Math.fround(0.1), 16777216]);
  });

  it('null and NaN are missing; whole numbers may come as text', () => {
    expect(read('number', written('FP64', '1,NaN,null,"2.5e3"'))).toEqual([1, NaN, NaN, 2500]);
    expect(read('number', written('INT64', 'null,"-7"'))).toEqual([NaN, -7]);
  });

  it.each([
    ['an infinity', written('FP64', '1,Infinity'), /"x" \(FP64\) holds Infinity at position 1/],
    ['a negative one', written('FP32', '-Infinity'), /"x" \(FP32\) holds -Infinity at position 0/],
    [
      'one in binary',
      binary('FP64', 2, bytesOf(new Float64Array([NaN, Infinity]))),
      /"x" .* holds Infinity at position 1/,
    ],
    [
      'one of half precision',
      binary('FP16', 1, bytesOf(new Uint16Array([0xfc00]))),
      /holds -Infinity at position 0/,
    ],
    [
      'more than a double',
      written('FP64', '1e999'),
      /inputs\[0\].data\[0\] is a number beyond the range of a double/,
    ],
    ['more than a float', written('FP32', '1,1e39'), /"x" holds 1e\+39 at position 1, which is no FP32/],
    [
      'an INT64 between two doubles',
      written('INT64', '1,9007199254740993'),
      /"x" holds 9007199254740993 at position 1, which a double cannot hold/,
    ],
    ['the same, negative', written('INT64', '-9007199254740993'), /holds -9007199254740993 at position 0/],
    [
      'the same in binary',
      binary('INT64', 1, bytesOf(new BigInt64Array([2n ** 53n + 1n]))),
      /holds 9007199254740993 at/,
    ],
    [
      'the most that UINT64 holds',
      written('UINT64', '18446744073709551615'),
      /holds 18446744073709551615 at position 0/,
    ],
    [
      'the same in binary',
      binary('UINT64', 1, bytesOf(new BigUint64Array([2n ** 64n - 1n]))),
      /holds 18446744073709551615/,
    ],
    ['an integer of 65 bits', written('UINT64', '18446744073709551616'), /which is no UINT64/],
    [
      'an integer with an exponent that hides digits',
      written('INT64', '9.007199254740993e15'),
      /which is no INT64/,
    ],
    ['300 as INT8', json('INT8', [300]), /"x" holds 300 at position 0, which is no INT8/],
    ['-1 as UINT32', json('UINT32', [0, -1]), /"x" holds -1 at position 1, which is no UINT32/],
    ['1.5 as INT32', json('INT32', [1.5]), /which is no INT32/],
    ['text as FP64', json('FP64', ['far']), /"x" holds "far" at position 0, which is no FP64/],
    ['true as FP64', json('FP64', [true]), /"x" holds true at position 0/],
    ['2 as BOOL', json('BOOL', [2]), /"x" holds 2 at position 0, which is no BOOL/],
    ['2 as BOOL in binary', binary('BOOL', 2, new Uint8Array([1, 2])), /"x" holds 2 at position 1/],
    ['an object', json('FP64', [{}]), /"x" holds \{\} at position 0/],
  ])('%s is refused', (_what, asked, message) => {
    expect(() => read('number', asked)).toThrow(message);
  });
});

describe('text', () => {
  const texts = ['AA', '', 'ü漢🙂', '"\\ \u0000\n', 'NaN'];

  it('BYTES, in either form', () => {
    expect(read('string', json('BYTES', texts))).toEqual(texts);
    expect(read('string', binary('BYTES', texts.length, textBytes(texts)))).toEqual(texts);
    expect(read('string', json('BYTES', [null]))).toEqual(['']);
  });

  it('numbers become the digits that stand for them alone', () => {
    expect(read('string', written('INT64', '9223372036854775807,-9007199254740993,null'))).toEqual([
      '9223372036854775807',
      '-9007199254740993',
      '',
    ]);
    expect(read('string', binary('UINT64', 1, bytesOf(new BigUint64Array([2n ** 64n - 1n]))))).toEqual([
      '18446744073709551615',
    ]);
    expect(read('string', binary('INT64', 1, bytesOf(new BigInt64Array([-(2n ** 63n)])), 3))).toEqual([
      '-9223372036854775808',
    ]);
    expect(read('string', binary('FP32', 2, bytesOf(new Float32Array([0.1, NaN]))))).toEqual(['0.1', '']);
    expect(read('string', json('FP64', [0.1, null]))).toEqual(['0.1', '']);
    expect(read('string', json('BOOL', [true, false, null]))).toEqual(['true', 'false', '']);
    expect(read('string', json('INT8', [-7]))).toEqual(['-7']);
  });

  it('half of a character is refused, and a number where text should be', () => {
    expect(() =>
      read('string', body('{"inputs":[{"name":"x","shape":[1],"datatype":"BYTES","data":["\\ud800"]}]}')),
    ).toThrow(/half of a character/);
    expect(() => read('string', json('BYTES', ['a', 7]))).toThrow(
      /"x" holds 7 at position 1; BYTES are text/,
    );
  });
});

describe('times and flags as text', () => {
  it('reads ISO 8601, UTC where no zone is said', () => {
    const ms = Date.UTC(2026, 0, 2, 3, 4, 5);
    const given = ['2026-01-02T03:04:05Z', '2026-01-02 03:04:05', '2026-01-02T04:04:05+01:00', '', null];
    expect(read('timestamp', json('BYTES', given))).toEqual([ms, ms, ms, NaN, NaN]);
    expect(read('timestamp', binary('INT64', 1, bytesOf(new BigInt64Array([BigInt(ms)]))))).toEqual([ms]);
  });

  it('reads flags and numbers', () => {
    expect(read('boolean', json('BYTES', ['true', 'F', '']))).toEqual([1, 0, NaN]);
    expect(read('number', json('BYTES', ['1.5', 'nan']))).toEqual([1.5, NaN]);
  });

  it.each([
    ['timestamp', 'yesterday', /inputs.x.data\[1\] is "yesterday"; expected a time/],
    ['number', 'Infinity', /inputs.x.data\[1\] is "Infinity"; expected a finite number/],
    ['number', '1e999', /expected a finite number/],
    ['boolean', 'maybe', /expected true or false/],
  ] as const)('%s: %s is refused', (type, text, message) => {
    expect(() => read(type, json('BYTES', ['', text]))).toThrow(message);
  });
});

describe('what JSON would lose', () => {
  it('is kept outside of strings and left alone inside', () => {
    const text =
      '{"NaN":[NaN,-Infinity,"NaN \\" -Infinity 12345678901234567890 \\\\",-12345678901234567,1234567890123456.5,1e400,12]}';
    expect(keepValues(text)).toBe(
      '{"NaN":[null,"-Infinity","NaN \\" -Infinity 12345678901234567890 \\\\","-12345678901234567",1234567890123456.5,1e400,12]}',
    );
  });

  it('ends with a text that does not', () => {
    expect(keepValues('["NaN')).toBe('["NaN');
    expect(keepValues('["\\')).toBe('["\\');
    expect(keepValues('12345678901234567')).toBe('"12345678901234567"');
  });

  it('does not turn bytes that are no UTF-8 into text', () => {
    const asked = written('FP64', 'NaN');
    asked.body[asked.body.indexOf('"x"') + 1] = 0xff;
    expect(() => read('number', asked)).toThrow(/not UTF-8/);
  });
});

describe('the shortest digits of a float32', () => {
  it.each([
    [0.1, '0.1'],
    [1 / 3, '0.33333334'],
    [16777216, '16777216'],
    [3.4028234663852886e38, '3.4028235e+38'],
    [1e-45, '1e-45'],
    [123456.789, '123456.79'],
    [-2.5e-7, '-2.5e-7'],
    [5e9, '5000000000'],
  ])('%d', (value, digits) => {
    expect(String(shortest(Math.fround(value)))).toBe(digits);
  });

  it('read back as the same float32, and no fewer digits would, for 20,000 of all magnitudes', () => {
    const random = new Random(5);
    const bits = new Uint32Array(1);
    const single = new Float32Array(bits.buffer);
    for (let i = 0; i < 20_000; i++) {
      if (i % 2) single[0] = random.unit() * 10 ** random.below(8);
      else bits[0] = random.below(2 ** 32);
      if (!Number.isFinite(single[0])) continue;
      const short = shortest(single[0]);
      expect(Math.fround(short)).toBe(single[0]);
      const digits = short.toExponential().split('e')[0].replace(/\D/g, '').length;
      if (digits > 1) expect(Math.fround(Number(single[0].toPrecision(digits - 1)))).not.toBe(single[0]);
    }
  });
});
