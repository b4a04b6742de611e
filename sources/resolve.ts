import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { isAbsolute, relative, resolve } from 'node:path';
import type { Source } from '../config/definition.ts';
import { resolveSecret } from '../config/environment.ts';
import { PerennialError } from '../config/errors.ts';
import { download } from './download.ts';
import { openEngine } from './engine.ts';
import { isGzip } from './gzip.ts';
import { hashFile } from './hash.ts';
import { readPostgres } from './postgres.ts';
import { isGlob, quoteText } from './quote.ts';
import type { ResolvedSource, ResolveOptions } from './types.ts';

/**
 * Brings every source to local files and hashes what was published, in the order of the names.
 *
 * @throws PerennialError SOURCE_NOT_FOUND, SOURCE_UNREADABLE, SECRET_MISSING, CANCELLED
 */
export async function resolveSources(
  sources: Record<string, Source>,
  options: ResolveOptions,
): Promise<ResolvedSource[]> {
  const resolved: ResolvedSource[] = [];
  for (const [name, spec] of Object.entries(sources).sort(([a], [b]) => (a < b ? -1 : 1))) {
    resolved.push(await resolveSource(name, spec, options));
  }
  return resolved;
}

async function resolveSource(name: string, spec: Source, options: ResolveOptions): Promise<ResolvedSource> {
  const secret = options.secret ?? ((id: string) => resolveSecret(id));
  if (spec.kind === 'postgres') return readPostgres(name, spec, secret(spec.connection.secret), options);
  if (/^https?:\/\//i.test(spec.from)) {
    const { path, digest, bytes } = await download(
      name,
      spec.from,
      readHeaders(spec.headers, secret),
      options,
    );
    return { name, kind: spec.kind, files: [path], digest, bytes, spec, seen: [await look(name, path)] };
  }
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(spec.from)) {
    throw new PerennialError(
      'SOURCE_NOT_FOUND',
      `Source ${name}: ${spec.from} is neither a path nor an http(s) address.`,
      {
        field: `sources.${name}.from`,
        value: spec.from,
        expected: 'a path, a glob, or an http(s) address',
      },
    );
  }
  return resolveFiles(name, spec, options);
}

async function resolveFiles(
  name: string,
  spec: Exclude<Source, { kind: 'postgres' }>,
  options: ResolveOptions,
): Promise<ResolvedSource> {
  const path = isAbsolute(spec.from) ? spec.from : resolve(options.baseDirectory, spec.from);
  const exact = await stat(path).catch(() => undefined);
  const files = exact?.isFile() ? [path] : isGlob(path) ? await expandGlob(path, options) : [];
  if (files.length === 0) {
    const what = exact?.isDirectory() ? 'is a folder' : isGlob(path) ? 'matches no file' : 'does not exist';
    throw new PerennialError('SOURCE_NOT_FOUND', `Source ${name}: ${path} ${what}.`, {
      field: `sources.${name}.from`,
      value: spec.from,
      expected: 'a file, or a glob that matches at least one',
    });
  }
  const base = globFolder(path);
  const combined = createHash('sha256');
  const seen: ResolvedSource['seen'] = [];
  let digest = '';
  let bytes = 0;
  for (const file of files) {
    const before = await look(name, file);
    digest = await hashFile(file, {
      signal: options.signal,
      gzip: isGzip(file),
      onProgress: (n) => options.onProgress?.({ source: name, bytes: bytes + n }),
    }).catch((error: unknown) => {
      throw notReadable(name, file, error);
    });
    bytes += before.size;
    seen.push(before);
    combined.update(`${relative(base, file)}\0${digest}\n`);
  }
  const single = exact?.isFile() === true;
  return {
    name,
    kind: spec.kind,
    files,
    digest: single ? digest : combined.digest('hex'),
    bytes,
    spec,
    seen,
  };
}

/** @throws PerennialError SOURCE_UNREADABLE where a file is no longer what was hashed */
export async function verifyUnchanged(sources: readonly ResolvedSource[]): Promise<void> {
  for (const source of sources) {
    for (const [i, file] of source.files.entries()) {
      const now = await look(source.name, file);
      const then = source.seen[i];
      if (now.size !== then?.size || now.mtimeMs !== then.mtimeMs) {
        throw new PerennialError(
          'SOURCE_UNREADABLE',
          `Source ${source.name}: ${file} changed while it was read.`,
          {
            field: `sources.${source.name}`,
            value: file,
            expected: 'a file that nobody writes to during ingest',
          },
        );
      }
    }
  }
}

async function look(name: string, path: string): Promise<{ size: number; mtimeMs: number }> {
  try {
    const { size, mtimeMs } = await stat(path);
    return { size, mtimeMs };
  } catch (error) {
    throw notReadable(name, path, error);
  }
}

function notReadable(name: string, path: string, error: unknown): PerennialError {
  if (error instanceof PerennialError) return error;
  const text = error instanceof Error ? error.message : String(error);
  return new PerennialError('SOURCE_UNREADABLE', `Source ${name}: ${path} cannot be read: ${text}.`, {
    field: `sources.${name}`,
    value: path,
    expected: 'a file that this process may read',
    cause: error,
  });
}

/** DuckDB's globs (`*`, `**`, `?`, `[a-z]`), by name, since the order of a folder is no order. */
async function expandGlob(pattern: string, options: ResolveOptions): Promise<string[]> {
  const engine = await openEngine({ scratch: options.scratch });
  try {
    const rows = await engine.run(`SELECT file FROM glob(${quoteText(pattern)})`);
    return rows.map((row) => String(row.file)).sort();
  } finally {
    await engine.close();
  }
}

/** The folder above the first segment with a wildcard. */
function globFolder(pattern: string): string {
  const segments = pattern.split('/');
  const first = segments.findIndex(isGlob);
  return segments.slice(0, first === -1 ? -1 : first).join('/') || '/';
}

type Headers = Exclude<Source, { kind: 'postgres' }>['headers'];

function readHeaders(headers: Headers, secret: (name: string) => string): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers ?? {}).map(([key, value]) => [
      key,
      typeof value === 'string' ? value : secret(value.secret),
    ]),
  );
}
