/** Bytes of a page, the unit of a memory's size. */
const PAGE = 65_536;
/** A memory is at most as large: addresses have 32 bits. */
const MAX_PAGES = 65_536;
/** Arrays begin at the start of a cache line. */
const ALIGNMENT = 64;

/**
 * The memory of compiled kernels, handed out array by array and given back as a whole by the garbage collector. Pages
 * that nobody writes to take no room, so a size may be a bound.
 */
export class KernelMemory {
  readonly memory: WebAssembly.Memory;
  /** 0 is left free: an address of 0 is always a mistake. */
  #end = ALIGNMENT;

  private constructor(memory: WebAssembly.Memory) {
    this.memory = memory;
  }

  /** @returns undefined where there is not as much memory in one piece, or it has more than 4 GiB */
  static of(bytes: number): KernelMemory | undefined {
    const initial = Math.ceil(bytes / PAGE) + 1;
    if (!(initial <= MAX_PAGES)) return undefined;
    try {
      return new KernelMemory(new WebAssembly.Memory({ initial }));
    } catch (error) {
      if (error instanceof RangeError) return undefined;
      throw error;
    }
  }

  /** What an array of as many bytes may take of the memory. */
  static sizeOf(bytes: number): number {
    return bytes + ALIGNMENT;
  }

  uint8 = (length: number) => new Uint8Array(this.memory.buffer, this.#take(length), length);
  int32 = (length: number) => new Int32Array(this.memory.buffer, this.#take(4 * length), length);
  float32 = (length: number) => new Float32Array(this.memory.buffer, this.#take(4 * length), length);
  float64 = (length: number) => new Float64Array(this.memory.buffer, this.#take(8 * length), length);

  /** @throws Error for an array that lies elsewhere: the kernels would read something else in its place */
  addressOf(array: Uint8Array | Int32Array | Float32Array | Float64Array): number {
    if (array.buffer !== this.memory.buffer)
      throw new Error('This array is not in the memory of the kernels.');
    return array.byteOffset;
  }

  #take(bytes: number): number {
    const start = this.#end;
    this.#end = Math.ceil((start + bytes) / ALIGNMENT) * ALIGNMENT;
    return start;
  }
}
