import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** @returns the absolute path of an executable file called `name` in a directory of the search path. */
export function findOnPath(name: string, searchPath: string | undefined): string | undefined {
  for (const directory of (searchPath ?? '').split(delimiter)) {
    if (directory === '') continue;
    const path = join(directory, name);
    if (isExecutable(path)) return path;
  }
  return undefined;
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
