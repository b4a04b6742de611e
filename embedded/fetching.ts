export interface FetchOptions {
  onProgress: (message: string) => void;
  /** Ends a download or a build. */
  signal?: AbortSignal;
}
