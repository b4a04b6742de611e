import type { KernelMemory } from './memory.ts';

const modules = new Map<string, WebAssembly.Module>();

/**
 * An instance of compiled kernels on a memory. A thread compiles a module once.
 *
 * @param base64 the module
 * @returns its functions; the caller says what they are
 */
export function compile<Kernels>(base64: string, { memory }: KernelMemory): Kernels {
  let module = modules.get(base64);
  if (!module) {
    module = new WebAssembly.Module(Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)));
    modules.set(base64, module);
  }
  return new WebAssembly.Instance(module, { env: { memory } }).exports as Kernels;
}
