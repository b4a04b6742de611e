import { readFile, stat } from 'node:fs/promises';
import { dirname, extname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseDefinition, type Definition } from '../config/definition.ts';
import { PerennialError } from '../config/errors.ts';
import { MEBIBYTE } from '../config/units.ts';
import { asPerennialError } from './failure.ts';

export interface LoadedDefinition {
  definition: Definition;
  /** Absolute; where the definition's relative paths start. */
  baseDirectory: string;
  path: string;
}

/** Four times what a definition's canonical JSON may have: room for comments and white space. */
export const MAX_FILE_BYTES = 4 * MEBIBYTE;

const MODULES = ['.ts', '.mts', '.js', '.mjs'];

/**
 * Reads a definition from a module's default export (.ts, .mts, .js, .mjs; TypeScript needs tsx to be registered) or
 * from a .json file, checks it, and makes its defaults explicit.
 *
 * @throws PerennialError INVALID_INPUT where the file is not there, too large or of another kind;
 *   INVALID_DEFINITION, naming the file, where what it holds is wrong.
 */
export async function loadDefinition(file: string): Promise<LoadedDefinition> {
  const path = resolve(file);
  await refuseUnreadable(path, file);
  const found = extname(path) === '.json' ? await readJson(path, file) : await importDefault(path, file);
  try {
    return { definition: parseDefinition(found), baseDirectory: dirname(path), path };
  } catch (error) {
    throw inFile(file, error);
  }
}

async function refuseUnreadable(path: string, file: string): Promise<void> {
  const info = await stat(path).catch((cause: unknown) => {
    throw new PerennialError('INVALID_INPUT', `There is no definition at ${file}.`, {
      field: 'definition',
      value: path,
      expected:
        'the path of a .ts, .mts, .js, .mjs or .json file; `npx perennial init --from DATA.csv` writes one',
      cause,
    });
  });
  if (!info.isFile() || (extname(path) !== '.json' && !MODULES.includes(extname(path)))) {
    throw new PerennialError('INVALID_INPUT', `${file} is not a definition.`, {
      field: 'definition',
      value: path,
      expected: `a file that ends in ${MODULES.join(', ')} or .json`,
    });
  }
  if (info.size > MAX_FILE_BYTES) {
    throw new PerennialError(
      'INVALID_DEFINITION',
      `${file} has ${megabytes(info.size)}; a definition has at most ${megabytes(MAX_FILE_BYTES)}.`,
      {
        field: 'definition',
        value: `${info.size} bytes`,
        expected: `at most ${MAX_FILE_BYTES} bytes: data belongs into sources`,
      },
    );
  }
}

async function readJson(path: string, file: string): Promise<unknown> {
  const text = await readFile(path, 'utf8');
  try {
    return JSON.parse(text.replace(/^\uFEFF/, '')) as unknown;
  } catch (cause) {
    throw new PerennialError('INVALID_DEFINITION', `${file} is not JSON: ${(cause as Error).message}.`, {
      field: 'definition',
      value: file,
      expected: 'a JSON object',
      cause,
    });
  }
}

async function importDefault(path: string, file: string): Promise<unknown> {
  let module: Record<string, unknown>;
  try {
    module = (await import(pathToFileURL(path).href)) as Record<string, unknown>;
  } catch (error) {
    throw inFile(file, error);
  }
  // In a package without "type": "module" a .ts file is CommonJS, and its default export arrives wrapped.
  const found = isWrapped(module.default) ? module.default.default : module.default;
  if (found === undefined || found === null || typeof found !== 'object') {
    const names = Object.keys(module).filter((name) => name !== 'default' && name !== 'module.exports');
    throw new PerennialError('INVALID_DEFINITION', `${file} has no definition as its default export.`, {
      field: 'default export',
      value:
        typeof found === 'function'
          ? 'a function'
          : names.length > 0
            ? `exports ${names.join(', ')}`
            : 'nothing',
      expected: '`export default defineLifecycle({ ... })`',
    });
  }
  return found;
}

function isWrapped(value: unknown): value is { default: unknown } {
  return typeof value === 'object' && value !== null && '__esModule' in value && 'default' in value;
}

/** The same error, saying in which file. What a definition's own code throws is an error of that file. */
function inFile(file: string, error: unknown): PerennialError {
  const known = asPerennialError(error);
  if (known) {
    const { code, field, value, expected } = known;
    return new PerennialError(code, `${file}: ${known.message}`, { field, value, expected, cause: error });
  }
  const message = error instanceof Error ? error.message : String(error);
  if (/Cannot find (module|package) 'perennial-ml'/.test(message)) {
    return new PerennialError(
      'INVALID_DEFINITION',
      `${file} imports perennial-ml, which is not installed where it lies.`,
      {
        field: 'definition',
        value: file,
        expected: 'a definition below the clone, or `npm install /path/to/the/clone` in its own folder',
        cause: error,
      },
    );
  }
  return new PerennialError('INVALID_DEFINITION', `${file} cannot be loaded: ${message}`, {
    field: 'definition',
    value: file,
    expected: 'a module that runs without an error',
    cause: error,
  });
}

function megabytes(bytes: number): string {
  return `${(bytes / MEBIBYTE).toFixed(1)} MiB`;
}
