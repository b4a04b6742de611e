import { isAbsolute, relative, resolve, sep } from 'node:path';
import { parseDefinition, type Definition, type Source } from '../config/definition.ts';
import { PerennialError } from '../config/errors.ts';

/**
 * The same definition reading other files. A source keeps its kind and options unless the new file's extension names
 * another kind. A relative path starts in `from` and is written relative to the definition's folder, so that the
 * definition's hash does not depend on where the folder lies.
 *
 * @param paths by source name
 * @throws PerennialError INVALID_INPUT naming the sources that there are.
 */
export function overrideSources(
  definition: Definition,
  paths: Record<string, string>,
  where: { baseDirectory: string; from: string },
): Definition {
  const sources: Record<string, unknown> = { ...definition.sources };
  for (const [name, path] of Object.entries(paths)) {
    // Every object has a `constructor` that is no source.
    const source = Object.hasOwn(definition.sources, name) ? definition.sources[name] : undefined;
    if (!source) {
      const known = Object.keys(definition.sources).join(', ');
      throw new PerennialError(
        'INVALID_INPUT',
        `${definition.name} has no source "${name}"; it has ${known}.`,
        {
          field: '--source',
          value: `${name}=${path}`,
          expected: `one of ${known}`,
        },
      );
    }
    sources[name] = replace(source, locate(path, where));
  }
  return parseDefinition({ ...definition, sources });
}

/**
 * Reads `name=path` arguments.
 *
 * @throws PerennialError INVALID_INPUT for one of another form, or a name that comes twice.
 */
export function parseSourceArguments(values: readonly string[]): Record<string, string> {
  // No prototype: `__proto__=x.csv` is to be told as any other name that no source has.
  const paths = Object.create(null) as Record<string, string>;
  for (const value of values) {
    const at = value.indexOf('=');
    const name = value.slice(0, at);
    if (at < 1 || at === value.length - 1 || Object.hasOwn(paths, name)) {
      throw new PerennialError('INVALID_INPUT', `--source ${value} cannot be read.`, {
        field: '--source',
        value,
        expected: 'name=path, each name once',
      });
    }
    paths[name] = value.slice(at + 1);
  }
  return paths;
}

function replace(source: Source, from: string): unknown {
  const kind = kindOf(from) ?? (source.kind === 'postgres' ? 'csv' : source.kind);
  return source.kind === kind ? { ...source, from } : { kind, from };
}

function kindOf(path: string): 'csv' | 'parquet' | 'json' | undefined {
  const name = path
    .toLowerCase()
    .replace(/[?#].*$/, '')
    .replace(/\.(gz|zst)$/, '');
  if (/\.(csv|tsv|txt)$/.test(name)) return 'csv';
  if (/\.(parquet|pq)$/.test(name)) return 'parquet';
  return /\.(json|jsonl|ndjson)$/.test(name) ? 'json' : undefined;
}

function locate(path: string, { baseDirectory, from }: { baseDirectory: string; from: string }): string {
  if (/^https?:\/\//i.test(path) || isAbsolute(path)) return path;
  return relative(baseDirectory, resolve(from, path)).split(sep).join('/');
}
