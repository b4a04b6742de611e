import { inject } from 'vitest';

/** For `Worker.create({ workflowBundle: workflowBundle() })`: made once a run, as that takes seconds. */
export function workflowBundle(): { codePath: string } {
  const bundle = inject('workflowBundle');
  if ('error' in bundle) throw new Error(`The workflows could not be bundled: ${bundle.error}`);
  return bundle;
}
