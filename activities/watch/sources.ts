import { cancellationSignal, heartbeat } from '@temporalio/activity';
import { sourcesDigest } from '../../sources/dataset.ts';
import { resolveSources } from '../../sources/resolve.ts';
import type { TrainerDependencies } from '../dependencies.ts';

interface ProbeSources {
  name: string;
  definitionHash: string;
  baseDirectory: string;
}

interface ProbedSources {
  digest: string;
  taken: boolean;
}

export function sourceActivities({ store, files, memoryLimitBytes }: TrainerDependencies) {
  return {
    /**
     * One digest of what the dataset's sources hold now, and whether the lifecycle has taken it: the last training read just
     * that, or a trigger that told of it has been decided. Everything is read, nothing kept.
     */
    async probeSources({ name, definitionHash, baseDirectory }: ProbeSources): Promise<ProbedSources> {
      const { sources } = await store.definitions.get(definitionHash);
      return files.scratch('probe', async (scratch) => {
        const resolved = await resolveSources(sources, {
          ...{ baseDirectory, scratch, memoryLimitBytes },
          signal: cancellationSignal(),
          onProgress: ({ source, bytes }) => heartbeat({ source, bytes }),
        });
        const digest = sourcesDigest(resolved);
        return { digest, taken: await store.lifecycles.isDataTaken(name, digest) };
      });
    },
  };
}
