import type { Definition } from '../config/definition.ts';
import type { FeatureFacts } from './features.ts';

/** What a model file says of itself. No run, time or version: the same data, definition and seed give the same bytes. */
export function modelMetadata(
  { target, calibrate }: Pick<Definition, 'target' | 'calibrate'>,
  { task, classes, positive }: FeatureFacts,
): Record<string, string> {
  return {
    target,
    task,
    ...(classes ? { classes: JSON.stringify(classes) } : {}),
    ...(positive === undefined ? {} : { positive: String(positive) }),
    ...(calibrate === undefined ? {} : { calibrate }),
  };
}
