import { randomBytes } from 'node:crypto';
import { inject } from 'vitest';
import { readEnvironment } from '../../config/environment.ts';
import { prepareNamespace } from '../../embedded/namespace.ts';

/**
 * A Temporal namespace of its own on the shared server, with the search attributes (1.2 s): the task queues and
 * workflow ids of one test file are not another's.
 */
export async function freshNamespace(): Promise<{ temporalAddress: string; namespace: string }> {
  const fresh = {
    temporalAddress: inject('temporalAddress'),
    namespace: `test_${randomBytes(6).toString('hex')}`,
  };
  await prepareNamespace({ ...readEnvironment(), ...fresh });
  return fresh;
}
