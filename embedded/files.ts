import { accessSync, constants, existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PerennialError } from '../config/errors.ts';

/**
 * The folder of a stack's state, which git passes by: it holds passwords and other people's data.
 *
 * @throws PerennialError INVALID_INPUT where it cannot be made or written to.
 */
export function makeHome(home: string): void {
  try {
    mkdirSync(join(home, 'logs'), { recursive: true });
    const ignore = join(home, '.gitignore');
    if (!existsSync(ignore)) writeFileSync(ignore, '*\n');
    accessSync(home, constants.W_OK);
  } catch (cause) {
    const reason = (cause as Error).message;
    throw new PerennialError('INVALID_INPUT', `No state can be kept in ${home}: ${reason}.`, {
      field: 'PERENNIAL_HOME',
      value: home,
      expected: 'a folder that this user may make and write to',
      cause,
    });
  }
}

/** Replaces a small JSON file in one step, readable by its owner alone. Synchronous: nothing may come between. */
export function writeState(path: string, value: unknown): void {
  mkdirSync(dirname(path), { recursive: true });
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
  renameSync(draft, path);
}
