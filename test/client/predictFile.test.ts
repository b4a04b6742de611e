import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { predictFile } from '../../client/predictFile.ts';
import type { Signature } from '../../store/types.ts';

/** Before a file is scored. That it is, and how, is in endToEnd.test.ts. */

const folder = mkdtempSync(join(tmpdir(), 'perennial-predict-file-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const signature = {
  task: 'binary',
  inputs: [{ name: 'x', columnType: 'number' }],
  classes: ['no', 'yes'],
} as unknown as Signature;

test.each(['prediction', 'Prediction', 'probability_yes'])(
  'a column called %s is not lost in silence',
  async (name) => {
    const input = join(folder, 'input.csv');
    writeFileSync(input, `x,${name}\n1,mine\n`);
    const output = join(folder, 'scored.csv');
    // The model is not even opened.
    await expect(predictFile(new Uint8Array(), signature, { input, output })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      field: '--input',
      value: name,
      message: `${input} has a column "${name}", which the predictions would take the place of; nothing was written.`,
    });
    expect(readdirSync(folder)).toEqual(['input.csv']);
  },
);
