import { openSession, type ModelSession } from '../compute/session.ts';
import type { ArtifactStore } from '../store/types.ts';

/** Models that a worker keeps loaded: the same two score a rollout's labelled keys look after look. */
export interface Sessions {
  /** Loads the model, or takes the loaded one, for as long as `body` works with it. */
  use<T>(digest: string, body: (session: ModelSession) => Promise<T>): Promise<T>;
}

interface Entry {
  opening: Promise<ModelSession>;
  users: number;
}

/** @param most models kept besides those in use; the least recently used goes first */
export function keepSessions(artifacts: ArtifactStore, most = 4): Sessions {
  // In the order of their last use.
  const entries = new Map<string, Entry>();
  return {
    async use(digest, body) {
      const entry = entries.get(digest) ?? { opening: artifacts.get(digest).then(openSession), users: 0 };
      entries.delete(digest);
      entries.set(digest, entry);
      entry.users++;
      try {
        return await body(await entry.opening);
      } catch (error) {
        // One that could not be loaded is tried again by the next.
        entry.opening.catch(() => entries.get(digest) === entry && entries.delete(digest));
        throw error;
      } finally {
        entry.users--;
        await releaseIdle();
      }
    },
  };

  /** What is not released stays in native memory that the garbage collector does not see. */
  async function releaseIdle(): Promise<void> {
    const idle = [...entries].filter(([, { users }]) => users === 0);
    for (const [digest, { opening }] of idle.slice(0, Math.max(0, idle.length - most))) {
      entries.delete(digest);
      await opening.then(
        (session) => session.release(),
        () => undefined,
      );
    }
  }
}
