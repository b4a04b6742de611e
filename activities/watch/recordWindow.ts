import { cancellationSignal } from '@temporalio/activity';
import type { WindowFacts } from '../../decisions/watch/facts.ts';
import { watchSchema } from '../../decisions/watch/policy.ts';
import type { WatchSignal, WindowVerdict } from '../../decisions/watch/verdict.ts';
import type { Store } from '../../store/types.ts';
import type { TrainerDependencies } from '../dependencies.ts';
import { drawWindow } from '../pictures/window.ts';

interface RecordWindow {
  name: string;
  number: number;
  facts: WindowFacts;
  verdict: WindowVerdict;
  signal: WatchSignal;
  distributionDigest: string;
}

export function recordActivities({ store }: Pick<TrainerDependencies, 'store'>) {
  return {
    /**
     * Keeps a window, once, with a picture where it says something. Its distributions stay where it is healthy, and until the
     * next healthy one.
     */
    async recordWindow(window: RecordWindow): Promise<{ pictureDigest?: string }> {
      const { name, number, facts, verdict, signal, distributionDigest } = window;
      const pictureDigest = saysSomething(window) ? await draw(store, window) : undefined;
      const { version, from, to } = facts;
      await store.watch.recordWindow({
        ...{ name, number, version, from, to, facts, verdict, signal },
        distributionDigest,
        ...(pictureDigest === undefined ? {} : { pictureDigest }),
      });
      return { pictureDigest };
    },
  };
}

function saysSomething({ verdict, signal }: RecordWindow): boolean {
  return (
    (verdict.state !== 'clean' && verdict.state !== 'insufficient') ||
    signal.drift ||
    signal.fall ||
    signal.belowFloor ||
    signal.fault
  );
}

async function draw(store: Store, window: RecordWindow): Promise<string | undefined> {
  const { name, facts } = window;
  const deployed = await store.lifecycles.get(name);
  const hash = deployed?.definitionHash ?? (await store.registry.get(name, facts.version))?.definitionHash;
  const { watch } = hash === undefined ? {} : await store.definitions.get(hash);
  const threshold = (watch ?? watchSchema.parse({})).drift.effect;
  const svg = await drawWindow({ ...window, threshold });
  if (svg === undefined) return undefined;
  const bytes = new TextEncoder().encode(svg);
  const options = { signal: cancellationSignal() };
  return (await store.artifacts.put(bytes, 'window-picture', 'image/svg+xml', options)).digest;
}
