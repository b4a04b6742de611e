import { bundleWorkflowCode, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { fileURLToPath } from 'node:url';

/** Compiles workflows/ for the sandbox. Also from inside node_modules, where the package is somebody's dependency. */
export function bundleWorkflows(): Promise<WorkflowBundleWithSourceMap> {
  return bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('../workflows/index.ts', import.meta.url)),
    failureConverterPath: fileURLToPath(new URL('../workflows/failureConverter.ts', import.meta.url)),
    logger: quiet,
    webpackConfigHook: (config) => {
      for (const rule of config.module?.rules ?? []) {
        // The SDK compiles no TypeScript below node_modules; ours is published as it is written.
        if (rule && typeof rule === 'object' && rule.exclude)
          rule.exclude = /node_modules[\\/](?!perennial-ml[\\/])/;
      }
      return config;
    },
  });
}

const ignore = (): void => undefined;
const complain = (message: string): void => void process.stderr.write(`${message}\n`);
/** Webpack's own report of sizes says nothing; a broken import must be heard. */
const quiet = { log: ignore, trace: ignore, debug: ignore, info: ignore, warn: complain, error: complain };
