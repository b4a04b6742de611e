/** SQL spellings of names, texts and paths. */

/** `a "b"` becomes `"a ""b"""`. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** DuckDB reads every path as a glob; a folder called `[id]` must mean itself. */
export function escapeGlob(path: string): string {
  return path.replace(/[[*?]/g, '[$&]');
}

/** A list of files as `read_parquet` and its like take it. */
export function fileList(paths: readonly string[]): string {
  return `[${paths.map((path) => quoteText(escapeGlob(path))).join(', ')}]`;
}

export function isGlob(path: string): boolean {
  return /[*?[]/.test(path);
}
