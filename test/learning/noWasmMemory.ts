import { vi, type Mock } from 'vitest';

/** WebAssembly has no memory to give, until `vi.unstubAllGlobals()`. @returns called whenever it is asked for some */
export function noWasmMemory(): Mock {
  const asked = vi.fn();
  class Memory {
    constructor() {
      asked();
      throw new RangeError('WebAssembly.Memory(): could not allocate memory');
    }
  }
  vi.stubGlobal('WebAssembly', { ...WebAssembly, Memory });
  return asked;
}
