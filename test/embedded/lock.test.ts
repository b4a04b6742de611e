import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { lockHolder, lockHome } from '../../embedded/lock.ts';

test('a lock that is released twice does not release the next holder', () => {
  const home = mkdtempSync(join(tmpdir(), 'perennial-lock-'));
  try {
    const release = lockHome(home);
    release();
    const releaseNext = lockHome(home);
    release();
    expect(lockHolder(home)?.pid).toBe(process.pid);
    releaseNext();
    expect(lockHolder(home)).toBeUndefined();
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
});
