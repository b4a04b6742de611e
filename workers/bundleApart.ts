import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export type Bundled = { code: string } | { failure: string };

const CHILD = fileURLToPath(new URL('./bundleChild.ts', import.meta.url));

/**
 * As `bundleWorkflows`, in a process that ends with it: webpack and its compiler would stay in the memory of whoever
 * calls them, some 200 MiB. The child reads TypeScript as this process does.
 *
 * @throws Error of the bundling, or where the process ended before it was done
 */
export async function bundleWorkflowsApart(): Promise<{ code: string }> {
  const child = fork(CHILD, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const bundled = await new Promise<Bundled>((resolve) => {
    child.once('message', (message) => resolve(message as Bundled));
    child.once('error', (error) => resolve({ failure: error.message }));
    child.once('exit', (code, signal) =>
      resolve({ failure: `The process that bundles the workflows ended with ${signal ?? code}.` }),
    );
  });
  if ('failure' in bundled) throw new Error(bundled.failure);
  return bundled;
}
