/** What is used of WebAssembly: the types of Node do not tell of it, and those of a browser tell of too much else. */
declare namespace WebAssembly {
  class Memory {
    /** @throws RangeError where there is not as much */
    constructor(size: { initial: number });
    readonly buffer: ArrayBuffer;
  }
  class Module {
    constructor(bytes: Uint8Array);
  }
  class Instance {
    constructor(module: Module, imports: { env: { memory: Memory } });
    readonly exports: object;
  }
}
