import type { Store } from '../../store/types.ts';

/** Every commit that a rollout makes, by a name: the same name for the same effect, however often it is tried. */
export type Around = <T>(commit: string, call: () => Promise<T>) => Promise<T>;

/** The store, with `around` in the place of each of a rollout's commits. */
export function aroundCommits(own: Store, around: Around): Store {
  const { rollouts, routes } = own;
  return {
    ...own,
    routes: {
      ...routes,
      change: (change) =>
        around(`${change.name} route ${change.idempotencyKey.replace(/^[^/]*\//, '')}`, () =>
          routes.change(change),
        ),
    },
    rollouts: {
      ...rollouts,
      open: (rollout) => around(`${rollout.name} open`, () => rollouts.open(rollout)),
      note: (name, number, event) =>
        around(`${name} note ${event.action}`, () => rollouts.note(name, number, event)),
      recordLook: (name, number, look) =>
        around(`${name} look ${look.index}`, () => rollouts.recordLook(name, number, look)),
      markPromoted: (name, number) => around(`${name} promoted`, () => rollouts.markPromoted(name, number)),
      close: (name, number, end) => around(`${name} close`, () => rollouts.close(name, number, end)),
    },
  };
}
