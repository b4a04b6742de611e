import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readEnvironment } from '../../config/environment.ts';
import { ensureStack } from '../../embedded/stack.ts';

test('a home that cannot be made is told as bad input, by the name of its variable', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'perennial-home-'));
  try {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    for (const home of [file, join(file, 'below')]) {
      await expect(ensureStack({ ...readEnvironment({}), home })).rejects.toMatchObject({
        code: 'INVALID_INPUT',
        field: 'PERENNIAL_HOME',
        value: home,
      });
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
