import type { Bundled } from './bundleApart.ts';

/** The process of `bundleWorkflowsApart`. */
// Whoever asked is gone.
process.once('disconnect', () => process.exit());
// Only now: to import the bundler takes seconds.
const { bundleWorkflows } = await import('./bundle.ts');
const bundled: Bundled = await bundleWorkflows().then(
  // The source map is in the code as well; nobody reads the other.
  ({ code }) => ({ code }),
  (error: unknown) => ({ failure: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
);
process.send?.(bundled, () => process.exit());
