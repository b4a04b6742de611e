import { buildSync, stop } from 'esbuild';
import { fileURLToPath } from 'node:url';

const ENTRY = fileURLToPath(new URL('./thread.ts', import.meta.url));
let compiled: string | undefined;

/**
 * What threads run, as one script of JavaScript, compiled once a process. A thread that compiled it for itself, with tsx
 * or with this, took 46 MiB; one that is handed the script takes 14 (an empty one 8).
 */
export function threadCode(): string {
  return (compiled ??= compile());
}

function compile(): string {
  const { outputFiles } = buildSync({
    ...{ entryPoints: [ENTRY], bundle: true, write: false, format: 'cjs', platform: 'node' },
    // A thread and its pool know one another by the same symbols.
    ...{ external: ['piscina'], keepNames: true, logLevel: 'silent' },
  });
  // Its process, of some 50 MiB, would wait for more.
  void stop();
  return outputFiles[0].text;
}
