import type { RouteRow, RouteStore } from '../store/routeTypes.ts';
import type { Model, Models } from './models.ts';

/** What a model's requests are answered by at this moment; replaced as a whole, never changed. */
export interface ActiveRoute {
  readonly route: RouteRow;
  readonly champion: Model;
  /** Absent also where it could not be loaded when this process started. */
  readonly challenger?: Model;
}

export interface Routing {
  /** Undefined where there is no such route, or its champion has not been loaded yet. */
  active(name: string): ActiveRoute | undefined;
  /** The newest state that was read, which may still be loading. */
  wanted(name: string): RouteRow | undefined;
  /** By model: the revision that is served by. */
  revisions(): Record<string, number>;
  /**
   * Resolves once the routes have been read and each model's champion was loaded, or turned out to be broken: one that is
   * broken must not silence the others.
   */
  readonly settled: Promise<void>;
  /** Reads every route and takes over what has changed. @throws what the store throws */
  refresh(): Promise<void>;
  close(): Promise<void>;
}

export interface RoutingOptions {
  onTakeOver?: (active: ActiveRoute, before: ActiveRoute | undefined) => void;
  /** A single read after a notification failed; the next `refresh` makes up for it. */
  onError?: (error: unknown) => void;
}

/**
 * Follows the routes of all models. A changed route is taken over when the versions that answer by it are loaded, and
 * until then the state before it serves; a newer change overtakes one that is still loading. Where a version cannot
 * be loaded the state before it stays, and `models.failed()` says why. The standby is loaded, never waited for: a way
 * back must not hang on a spare.
 */
export async function followRoutes(
  routes: RouteStore,
  models: Models,
  options: RoutingOptions = {},
): Promise<Routing> {
  const entries = new Map<string, Entry>();
  let read = false;
  let closed = false;
  let settle: () => void = () => undefined;
  const settled = new Promise<void>((resolve) => (settle = resolve));

  function want(route: RouteRow): void {
    let entry = entries.get(route.name);
    if (!entry) entries.set(route.name, (entry = { wanted: route }));
    // Two readings may overtake each other.
    if (route.revision > entry.wanted.revision) entry.wanted = route;
    advance(entry);
  }

  /** Takes the wanted state over where it can be; loads what it lacks and comes back. */
  function advance(entry: Entry): void {
    if (closed) return;
    const { wanted, active } = entry;
    const { name } = wanted;
    keepLoaded(entry);
    const champion = models.get(name, wanted.championVersion);
    const challenger =
      wanted.challengerVersion === undefined ? undefined : models.get(name, wanted.challengerVersion);
    for (const version of versionsOf(wanted)) {
      if (models.get(name, version)) continue;
      void models.load(name, version).then(
        () => advance(entry),
        () => {
          // At the start there is no state before it: a champion whose challenger cannot be loaded serves alone.
          if (!entry.active && models.get(name, entry.wanted.championVersion)) advance(entry);
          else look();
        },
      );
    }
    if (!champion) return;
    const complete = wanted.challengerVersion === undefined || challenger !== undefined;
    const failed = !complete && models.failure(name, wanted.challengerVersion ?? 0) !== undefined;
    if (!complete && !(active === undefined && failed)) return;
    if (active?.route === wanted && active.challenger === challenger) return;
    entry.active = { route: wanted, champion, challenger };
    options.onTakeOver?.(entry.active, active);
    keepLoaded(entry);
    look();
  }

  function look(): void {
    if (read && [...entries.values()].every(isSettled)) settle();
  }

  function keepLoaded({ wanted, active }: Entry): void {
    models.keep(wanted.name, [
      ...new Set([...versionsOf(wanted), ...(active ? versionsOf(active.route) : [])]),
    ]);
  }

  async function refresh(): Promise<void> {
    for (const route of await routes.list()) want(route);
    read = true;
    look();
  }

  async function refreshOne(name: string): Promise<void> {
    const route = await routes.get(name);
    if (route) want(route);
  }

  const watching = await routes.watch((name) => {
    if (closed) return;
    (name === undefined ? refresh() : refreshOne(name)).catch((error: unknown) => options.onError?.(error));
  });
  return {
    active: (name) => entries.get(name)?.active,
    wanted: (name) => entries.get(name)?.wanted,
    revisions: () =>
      Object.fromEntries(
        [...entries].flatMap(([name, { active }]) => (active ? [[name, active.route.revision]] : [])),
      ),
    settled,
    refresh,
    async close() {
      closed = true;
      await watching.close();
    },
  };

  function isSettled({ wanted, active }: Entry): boolean {
    if (active) return true;
    const failure = models.failure(wanted.name, wanted.championVersion);
    return failure !== undefined && !failure.kind.retryable;
  }
}

interface Entry {
  wanted: RouteRow;
  active?: ActiveRoute;
}

function versionsOf({ championVersion, challengerVersion, standbyVersion }: RouteRow): number[] {
  return [championVersion, challengerVersion, standbyVersion].filter((version) => version !== undefined);
}
