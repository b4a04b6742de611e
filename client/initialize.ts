import { access, writeFile } from 'node:fs/promises';
import { basename, dirname, extname, relative, resolve, sep } from 'node:path';
import { PerennialError } from '../config/errors.ts';
import type { ColumnProfile } from '../decisions/profile.ts';
import { inferFile } from '../sources/inferFile.ts';
import { scaffoldDefinition } from './scaffold.ts';
import { makeScratch } from './scratch.ts';

export interface Initialized {
  /** Absolute. */
  path: string;
  name: string;
  target: string;
  /** True where nobody said which column it is. */
  guessed: boolean;
  rows: number;
  columns: number;
}

/**
 * Writes a definition for a file: its columns as features, checks that hold on it, three learners.
 *
 * @throws PerennialError SOURCE_NOT_FOUND, SOURCE_UNREADABLE, UNKNOWN_COLUMN; INVALID_INPUT where something lies at
 *   `out` already, unless `force`
 */
export async function initialize(options: {
  from: string;
  out: string;
  target?: string;
  name?: string;
  force?: boolean;
}): Promise<Initialized> {
  const path = resolve(options.out);
  if (!options.force) await refuseExisting(path, options.out);
  const file = await infer(options.from);
  const stem = basename(options.from).replace(/\..*$/, '');
  const name = options.name ?? modelName(stem);
  refuseName(name);
  const target = chooseTarget(file, options);
  const text = scaffoldDefinition({
    name,
    from: relative(dirname(path), resolve(options.from)).split(sep).join('/'),
    kind: file.source.kind,
    source: stem
      .replace(/[^A-Za-z0-9]+/g, '_')
      .replace(/^(?=\d|$)/, 'data_')
      .toLowerCase(),
    columns: file.columns,
    target,
  });
  await write(path, text, options);
  return {
    path,
    name,
    target: target.name,
    guessed: options.target === undefined,
    rows: file.rows,
    columns: file.columns.length,
  };
}

async function infer(from: string): Promise<Awaited<ReturnType<typeof inferFile>>> {
  const scratch = await makeScratch('init');
  try {
    return await inferFile(from, { scratch: scratch.path });
  } finally {
    await scratch.remove();
  }
}

/** By its name where there is one; a column may be named as one names what is to be predicted; else the file's shape decides. */
function chooseTarget(
  file: Awaited<ReturnType<typeof inferFile>>,
  { from, target }: { from: string; target?: string },
): ColumnProfile {
  const { columns, guess } = file;
  const wanted =
    target ??
    columns.find(({ name }) => /^(target|label|class|outcome|y)$/i.test(name))?.name ??
    guess.target;
  const found =
    columns.find(({ name }) => name === wanted) ?? (target === undefined ? columns.at(-1) : undefined);
  if (found && file.rows > 0) return found;
  if (file.rows === 0) {
    throw new PerennialError('DATASET_UNUSABLE', `${from} has no rows.`, {
      field: '--from',
      value: from,
      expected: 'a file with rows to learn from',
    });
  }
  const known = columns.map(({ name }) => name).join(', ');
  throw new PerennialError('UNKNOWN_COLUMN', `${from} has no column "${target}".`, {
    field: '--target',
    value: target,
    expected: `one of ${known}`,
  });
}

/** As a definition's `name` must be. */
function modelName(stem: string): string {
  const name = stem
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+|-+$/g, '')
    .slice(0, 63);
  return name === '' ? 'my-model' : name;
}

function refuseName(name: string): void {
  if (/^[a-z][a-z0-9-]{0,62}$/.test(name)) return;
  throw new PerennialError('INVALID_INPUT', `"${name}" cannot name a model.`, {
    field: '--name',
    value: name,
    expected: 'lower-case letters, digits and hyphens, starting with a letter, at most 63',
  });
}

async function refuseExisting(path: string, out: string): Promise<void> {
  const there = await access(path).then(
    () => true,
    () => false,
  );
  if (there) throw existing(out);
}

function existing(out: string): PerennialError {
  return new PerennialError('INVALID_INPUT', `${out} exists already; nothing was written.`, {
    field: '--out',
    value: out,
    expected: 'another --out, or --force to write over it',
  });
}

async function write(
  path: string,
  text: string,
  { out, force }: { out: string; force?: boolean },
): Promise<void> {
  if (!['.ts', '.mts'].includes(extname(path))) {
    throw new PerennialError('INVALID_INPUT', `${out} is not the name of a definition.`, {
      field: '--out',
      value: out,
      expected: 'a name that ends in .ts or .mts',
    });
  }
  try {
    await writeFile(path, text, { flag: force ? 'w' : 'wx' });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') throw existing(out);
    throw new PerennialError('INVALID_INPUT', `${out} cannot be written: ${(cause as Error).message}.`, {
      field: '--out',
      value: out,
      expected: 'a folder that exists',
      cause,
    });
  }
}
