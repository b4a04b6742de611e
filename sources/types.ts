import type { Source } from '../config/definition.ts';

/** A source whose bytes are at hand: local files, hashed. */
export interface ResolvedSource {
  name: string;
  kind: Source['kind'];
  /** Absolute paths in the order in which they are read. Downloads and query results lie in the scratch folder. */
  files: string[];
  /**
   * SHA-256, 64 hex digits. Of one file: over its bytes. Of a glob: over each file's path below the glob's folder and
   * its digest, in order. Of a Postgres query: over its columns and its rows in canonical order.
   */
  digest: string;
  /** As published. */
  bytes: number;
  /** How the files are read. */
  spec: Source;
  /** Size and time of change of each file when it was hashed, so that a change under way is noticed. */
  seen: { size: number; mtimeMs: number }[];
}

export interface ResolveOptions {
  /** Absolute; relative paths start here. */
  baseDirectory: string;
  /** Downloads and query results are written here. */
  scratch: string;
  signal?: AbortSignal;
  /** Called at least every few MiB, or about once a second. */
  onProgress?: (progress: { source: string; bytes: number }) => void;
  /** The value of a named secret; default `resolveSecret` over the environment. */
  secret?: (name: string) => string;
  /** Of one download; default 16 GiB. */
  maxDownloadBytes?: number;
  /** A download that brings nothing for so long is given up; default 60 s. */
  idleTimeoutMs?: number;
  memoryLimitBytes?: number;
}
