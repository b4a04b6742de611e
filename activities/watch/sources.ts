import { cancellationSignal, heartbeat } from '@temporalio/activity';
import { createHash } from 'node:crypto';
import { canonicalJson } from '../../config/definition.ts';
import { resolveSources } from '../../sources/resolve.ts';
import type { TrainerDependencies } from '../dependencies.ts';

interface ProbeSources {
  definitionHash: string;
  baseDirectory: string;
}

export function sourceActivities({ store, files, memoryLimitBytes }: TrainerDependencies) {
  return {
    /** One digest of what the dataset's sources hold now: another one is new data. Everything is read, nothing kept. */
    async probeSources({ definitionHash, baseDirectory }: ProbeSources): Promise<string> {
      const { sources } = await store.definitions.get(definitionHash);
      return files.scratch('probe', async (scratch) => {
        const resolved = await resolveSources(sources, {
          ...{ baseDirectory, scratch, memoryLimitBytes },
          signal: cancellationSignal(),
          onProgress: ({ source, bytes }) => heartbeat({ source, bytes }),
        });
        const digests = resolved.map(({ name, digest }) => [name, digest]);
        return createHash('sha256').update(canonicalJson(digests)).digest('hex');
      });
    },
  };
}
