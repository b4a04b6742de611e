import { createGunzip, type Gunzip } from 'node:zlib';

export function isGzip(path: string): boolean {
  return /\.gz$/i.test(path);
}

/**
 * Checks a gzip stream chunk by chunk: DuckDB reads one that is cut short, or whose checksum is wrong, as if it were
 * whole. What is unpacked is thrown away as it comes, so memory is bounded.
 */
export class GzipCheck {
  readonly #gunzip: Gunzip = createGunzip();
  #error: Error | undefined;
  #fail: (error: Error) => void = () => undefined;

  constructor() {
    // A write that meets the damage is not called back, so the event has to tell.
    this.#gunzip.on('error', (error) => {
      this.#error = new Error(`the gzip stream is damaged (${error.message})`);
      this.#fail(this.#error);
    });
    this.#gunzip.resume();
  }

  /** @throws Error where the stream is damaged */
  async write(chunk: Uint8Array): Promise<void> {
    await this.#until((done) => this.#gunzip.write(chunk, done));
  }

  /** @throws Error where the stream is damaged or ends too early */
  async end(): Promise<void> {
    await this.#until((done) => {
      // Zeros behind the last member, which are padding, end the reading before the writing.
      if (this.#gunzip.readableEnded) done();
      else this.#gunzip.once('end', done).end();
    });
  }

  close(): void {
    this.#gunzip.destroy();
  }

  async #until(start: (done: (error?: Error | null) => void) => void): Promise<void> {
    if (this.#error) throw this.#error;
    await new Promise<void>((resolve, reject) => {
      this.#fail = reject;
      start((error) => {
        // An error has its event as well, which names the damage.
        if (!error) resolve();
      });
    });
  }
}
