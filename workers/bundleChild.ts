import { bundleWorkflows } from './bundle.ts';
import type { Bundled } from './bundleApart.ts';

/** The process of `bundleWorkflowsApart`. */
// Whoever asked is gone.
process.once('disconnect', () => process.exit());
const bundled: Bundled = await bundleWorkflows().then(
  // The source map is in the code as well; nobody reads the other.
  ({ code }) => ({ code }),
  (error: unknown) => ({ failure: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
);
process.send?.(bundled, () => process.exit());
