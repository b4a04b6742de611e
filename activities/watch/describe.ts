import type { WatchPolicy } from '../../decisions/watch/policy.ts';
import type { OrchestratorDependencies } from '../dependencies.ts';

/** What the watch's workflow needs to know of its definition. */
export interface WatchSlice {
  /** Names no column to `ignore`: they may be many and long, and the facts of a window say which they are. */
  policy: WatchPolicy;
  /** Labels come from a source that has to be asked. */
  labels: boolean;
  /** How often the sources are looked at for new data; absent: never. */
  onNewDataEveryMs?: number;
}

export function watchActivities({ store }: Pick<OrchestratorDependencies, 'store'>) {
  return {
    /** Undefined where the definition wants nobody to watch. */
    async describeWatch({ definitionHash }: { definitionHash: string }): Promise<WatchSlice | undefined> {
      const { watch: policy, labels, retrain } = await store.definitions.get(definitionHash);
      if (!policy) return undefined;
      return {
        policy: { ...policy, ignore: [] },
        labels: labels !== undefined,
        ...(retrain?.onNewData ? { onNewDataEveryMs: retrain.onNewData.everyMs } : {}),
      };
    },
  };
}
