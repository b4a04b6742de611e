import { setMaxListeners } from 'node:events';
import { takeTurns } from '../compute/turns.ts';
import { PerennialError } from '../config/errors.ts';
import type { ModelVersionRow, Store } from '../store/types.ts';
import { noVersion } from './catalogue.ts';
import { openModel, type OpenedModel } from './openModel.ts';

/** A version that is loaded and has shown its parity. Whoever computes with it enters before and leaves after. */
export interface Model extends OpenedModel {
  readonly row: ModelVersionRow;
  /** Keeps it loaded until as many `leave`s have followed. */
  enter(): void;
  leave(): void;
}

export interface Models {
  /** The version where it is loaded. Never waits: every request goes by here. */
  get(name: string, version: number): Model | undefined;
  /**
   * Loads a version, once for however many ask. One that failed is tried again after 1, 2, 4 ... 60 s; until then every
   * call gets the failure.
   *
   * @param direct a caller named the version: it stays loaded while it is one of the last few that were named
   * @throws PerennialError NOT_FOUND, or what is wrong with the model (kept in `failed`)
   */
  load(name: string, version: number, direct?: boolean): Promise<Model>;
  /** Why the version cannot be loaded; undefined where it can, or nobody tried. */
  failure(name: string, version: number): PerennialError | undefined;
  /** Keeps these versions of a model loaded, and lets those go that were named before. */
  keep(name: string, versions: readonly number[]): void;
  /** Lets go what nobody has named for a while. */
  sweep(): void;
  /** `name@version`, in order. */
  loaded(): string[];
  /**
   * What is wrong with the model itself. A failure that passes, of a database that is away, is not told here: it would
   * end the rollout of a healthy version.
   */
  failed(): { model: string; reason: string }[];
  /** Releases everything; to be called when nobody computes any more. */
  close(): Promise<void>;
}

export interface ModelsOptions {
  /** Versions that no route names and a caller did; default 4. */
  maxDirect?: number;
  /** After which such a version is released; default 5 minutes. */
  directIdleMs?: number;
  /** Before a failed version is tried again, the first time; it doubles up to 60 s. Default 1 s. */
  retryMs?: number;
  onLoad?: (model: Model, ms: number) => void;
  onRelease?: (row: ModelVersionRow) => void;
  onFailure?: (name: string, version: number, error: PerennialError) => void;
}

export function openModels(
  store: Pick<Store, 'registry' | 'artifacts'>,
  options: ModelsOptions = {},
): Models {
  const { maxDirect = 4, directIdleMs = 300_000, retryMs = 1_000 } = options;
  const entries = new Map<string, Entry>();
  const turn = takeTurns(MAX_LOADS);
  const closing = new AbortController();
  // Each model that waits for its turn to load listens.
  setMaxListeners(0, closing.signal);

  function entryOf(name: string, version: number): Entry {
    const key = `${name}@${version}`;
    let entry = entries.get(key);
    if (!entry) entries.set(key, (entry = { key, name, version, kept: false, users: 0, lastUsedMs: 0 }));
    return entry;
  }

  async function open(entry: Entry): Promise<Model> {
    const { name, version } = entry;
    const row = await store.registry.get(name, version);
    if (!row) throw noVersion(name, version);
    const startedMs = performance.now();
    const opened = await openModel(store.artifacts, row);
    if (closing.signal.aborted) await opened.session.release();
    closing.signal.throwIfAborted();
    const model: Model = {
      ...opened,
      row,
      enter: () => void entry.users++,
      leave() {
        entry.users--;
        if (entry.users === 0 && !entry.kept) trim();
      },
    };
    entry.model = model;
    entry.failure = undefined;
    options.onLoad?.(model, performance.now() - startedMs);
    return model;
  }

  function remember(entry: Entry, cause: unknown): PerennialError {
    const error = asPerennial(entry.key, cause);
    if (error.code === 'NOT_FOUND' || closing.signal.aborted) {
      // Names that a caller makes up must not fill the memory.
      entries.delete(entry.key);
      return error;
    }
    const attempts = (entry.failure?.attempts ?? 0) + 1;
    const waitMs = Math.min(retryMs * 2 ** (attempts - 1), MAX_RETRY_MS);
    entry.failure = { error, attempts, retryAtMs: performance.now() + waitMs };
    options.onFailure?.(entry.name, entry.version, error);
    return error;
  }

  /** Releases what nobody uses, no route names and no caller named of late. */
  function trim(): void {
    const idleSinceMs = performance.now() - directIdleMs;
    const loose = [...entries.values()].filter(({ kept, loading }) => !kept && !loading);
    const named = loose
      .filter(({ direct, lastUsedMs }) => direct && lastUsedMs > idleSinceMs)
      .sort((a, b) => b.lastUsedMs - a.lastUsedMs);
    const stay = new Set(named.slice(0, maxDirect));
    for (const entry of loose) {
      if (entry.users > 0 || stay.has(entry)) continue;
      entries.delete(entry.key);
      if (entry.model) release(entry.model);
    }
  }

  function release(model: Model): void {
    options.onRelease?.(model.row);
    void model.session.release();
  }

  return {
    get: (name, version) => entries.get(`${name}@${version}`)?.model,
    async load(name, version, direct = false) {
      const entry = entryOf(name, version);
      if (direct) {
        entry.direct = true;
        entry.lastUsedMs = performance.now();
      }
      if (entry.model) return entry.model;
      if (!entry.loading && entry.failure && performance.now() < entry.failure.retryAtMs)
        throw entry.failure.error;
      entry.loading ??= turn(() => open(entry), closing.signal)
        .catch((cause: unknown) => {
          throw remember(entry, cause);
        })
        .finally(() => {
          entry.loading = undefined;
          // Those who asked come first: they enter in the microtasks that follow this one.
          if (!entry.kept) setImmediate(trim);
        });
      return entry.loading;
    },
    failure: (name, version) => entries.get(`${name}@${version}`)?.failure?.error,
    keep(name, versions) {
      for (const version of versions) entryOf(name, version).kept = true;
      let loose = false;
      for (const entry of entries.values()) {
        if (entry.name !== name || !entry.kept || versions.includes(entry.version)) continue;
        entry.kept = false;
        loose = true;
      }
      if (loose) trim();
    },
    sweep: trim,
    loaded: () =>
      [...entries.values()]
        .filter(({ model }) => model)
        .map(({ key }) => key)
        .sort(),
    failed: () =>
      [...entries.values()]
        .flatMap(({ key, failure }) =>
          failure && !failure.error.kind.retryable ? [{ model: key, reason: failure.error.message }] : [],
        )
        .sort((a, b) => (a.model < b.model ? -1 : 1)),
    async close() {
      closing.abort(new PerennialError('CANCELLED', 'The gateway is stopping.'));
      await Promise.allSettled([...entries.values()].flatMap(({ loading }) => loading ?? []));
      const models = [...entries.values()].flatMap(({ model }) => model ?? []);
      entries.clear();
      await Promise.all(models.map(({ session }) => session.release()));
    },
  };
}

interface Entry {
  key: string;
  name: string;
  version: number;
  /** A route names it. */
  kept: boolean;
  /** A caller named it. */
  direct?: boolean;
  lastUsedMs: number;
  /** Requests under way. */
  users: number;
  loading?: Promise<Model>;
  model?: Model;
  failure?: { error: PerennialError; attempts: number; retryAtMs: number };
}

/** At the same time: a model's bytes, its graph and its golden rows are in memory together while it loads. */
const MAX_LOADS = 2;
const MAX_RETRY_MS = 60_000;

function asPerennial(model: string, cause: unknown): PerennialError {
  if (cause instanceof PerennialError) return cause;
  const why = cause instanceof Error ? cause.message : String(cause);
  // Not the model's fault as far as anyone knows: the database is away.
  return new PerennialError('STACK_UNAVAILABLE', `${model} cannot be loaded: ${why}`, { cause });
}
