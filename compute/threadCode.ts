import { buildSync, stop } from 'esbuild';
import { fileURLToPath } from 'node:url';

const ENTRY = new URL('./thread.ts', import.meta.url);
const compiled = new Map<string, string>();

/**
 * What threads run, as one script of JavaScript, compiled once a process. A thread that compiled it for itself, with tsx
 * or with this, took 46 MiB; one that is handed the script takes 14 (an empty one 8).
 *
 * @param entry a module with the exports of thread.ts, for a shelf that has more learners
 */
export function threadCode(entry = ENTRY): string {
  let code = compiled.get(entry.href);
  if (code === undefined) compiled.set(entry.href, (code = compile(fileURLToPath(entry))));
  return code;
}

function compile(entry: string): string {
  const { outputFiles } = buildSync({
    ...{ entryPoints: [entry], bundle: true, write: false, format: 'cjs', platform: 'node' },
    // A thread and its pool know one another by the same symbols.
    ...{ external: ['piscina'], keepNames: true, logLevel: 'silent' },
  });
  // Its process, of some 50 MiB, would wait for more.
  void stop();
  return outputFiles[0].text;
}
