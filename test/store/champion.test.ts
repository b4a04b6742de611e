import { afterAll, beforeAll, expect, test } from 'vitest';
import { PerennialError } from '../../config/errors.ts';
import type { RouteRow } from '../../store/routeTypes.ts';
import type { Store } from '../../store/types.ts';
import { openBench, startRun, versionOf, type Bench } from './fixtures.ts';
import { registerVersions } from './rolloutBench.ts';

/** Exactly one champion at any instant, whoever does what at the same time. */
let bench: Bench;

beforeAll(async () => void (bench = await openBench()));
afterAll(() => bench.close());

const CLIENTS = 8;
const OPERATIONS = 2_000;
/** A training, which stores bytes, costs as much as ten changes. */
const REGISTRATIONS_EACH = 10;
const NAME = 'contested';

test('of 16,000 random operations by 8 clients each leaves one champion, and a history without gaps', async () => {
  await registerVersions(bench.store, NAME, 2);
  const stores = await Promise.all(
    Array.from({ length: CLIENTS }, () => bench.another({ maxConnections: 1 })),
  );
  const watching = await watchConstantly();
  const tallies = await Promise.all(stores.map((store, client) => operate(store, client)));
  const readings = await watching.stop();

  const sum = (count: (tally: Tally) => number) => tallies.reduce((total, tally) => total + count(tally), 0);
  expect(sum((tally) => tally.done + tally.refused)).toBe(CLIENTS * OPERATIONS);
  expect(sum((tally) => tally.done)).toBeGreaterThan(CLIENTS);
  expect(sum((tally) => tally.staleAccepted)).toBe(0);
  expect(readings).toBeGreaterThan(10);

  const route = await bench.store.routes.get(NAME);
  const history = await bench.store.routes.history(NAME, 1_000_000);
  expect(history.map(({ revision }) => revision)).toEqual(history.map((_, i) => history.length - i));
  expect(history[0]).toMatchObject(route as object);
  expect(history.map(({ at }) => at)).toEqual(
    history
      .map(({ at }) => at)
      .sort()
      .reverse(),
  );
  // Every accepted change is one revision, and nothing else is.
  expect(history).toHaveLength(1 + sum((tally) => tally.revisions));
  const audited = await bench.store.audit.list(`route/${NAME}`, 1_000_000);
  expect(audited.map(({ details }) => details.revision)).toEqual(history.map(({ revision }) => revision));
  expect(await bench.store.audit.verify()).toMatchObject({ intact: true });
}, 300_000);

interface Tally {
  done: number;
  /** With ROUTE_CONFLICT. */
  refused: number;
  revisions: number;
  staleAccepted: number;
}

async function operate(store: Store, client: number): Promise<Tally> {
  const random = seeded(client + 1);
  const tally: Tally = { done: 0, refused: 0, revisions: 0, staleAccepted: 0 };
  let seen = await store.routes.get(NAME);
  for (let i = 0; i < OPERATIONS; i++) {
    if (!seen) throw new Error('The route is gone.');
    if (i % Math.floor(OPERATIONS / REGISTRATIONS_EACH) === 0) {
      tally.revisions += await register(store, `${client}/${i}`, random() < 0.5);
      tally.done++;
      continue;
    }
    const stale = random() < 0.3;
    const current = stale ? seen : ((await store.routes.get(NAME)) ?? seen);
    const isStale = stale && random() < 0.5;
    // A revision that was right long ago, one that never was, or the one just read.
    const expectedRevision = isStale
      ? Math.max(0, current.revision - 1 - Math.floor(random() * 5))
      : current.revision;
    try {
      seen = await store.routes.change({
        ...next(current, random),
        ...{
          expectedRevision,
          actor: `client/${client}`,
          reason: 'random',
          idempotencyKey: `${client}/${i}`,
        },
      });
      if (isStale) tally.staleAccepted++;
      tally.done++;
      tally.revisions++;
    } catch (error) {
      if (!(error instanceof PerennialError && error.code === 'ROUTE_CONFLICT')) throw error;
      tally.refused++;
      seen = current;
    }
  }
  return tally;
}

/** Splits, widens, promotes, rolls back, or lets go. */
function next(current: RouteRow, random: () => number) {
  const other = current.championVersion === 1 ? 2 : 1;
  const rolloutId = `rollout/${NAME}/1`;
  const states = [
    { championVersion: current.championVersion, weight: 0 },
    { championVersion: other, weight: 0 },
    { championVersion: other, weight: 0, standbyVersion: current.championVersion },
    {
      championVersion: current.championVersion,
      challengerVersion: other,
      weight: random(),
      rolloutId,
      stage: 0,
    },
  ];
  const state = states[Math.floor(random() * states.length)];
  return { name: NAME, logInputs: random() < 0.5, holder: current.rolloutId, ...state };
}

/** @returns how many revisions it made */
async function register(store: Store, model: string, promote: boolean): Promise<number> {
  const name = NAME;
  // One training at a time, as the table has it; whoever comes second takes its turn.
  for (;;) {
    const run = await startRun(store, name).catch((error: unknown) => {
      if (error instanceof PerennialError && error.code === 'RUN_IN_PROGRESS') return undefined;
      throw error;
    });
    if (!run) continue;
    const version = await versionOf(store, run, model);
    const result = await store.registry.register(version, { promote, actor: 'tester' });
    return result.champion ? 1 : 0;
  }
}

/** Reads as fast as it can, on a connection of its own, what everybody else would see at that instant. */
async function watchConstantly(): Promise<{ stop(): Promise<number> }> {
  const reader = await bench.rival();
  let stopped = false;
  let readings = 0;
  let last = 0;
  const ended = (async () => {
    while (!stopped) {
      const { rows } = await reader.query<{
        champions: string;
        revision: number;
        added: string;
        newest: number;
      }>(
        `SELECT (SELECT count(champion_version) FROM routes WHERE name = $1) AS champions,
                (SELECT revision FROM routes WHERE name = $1) AS revision,
                (SELECT count(*) FROM route_history WHERE name = $1 AND revision > $2) AS added,
                (SELECT max(revision) FROM route_history WHERE name = $1) AS newest`,
        [NAME, last],
      );
      const [{ champions, revision, added, newest }] = rows;
      expect({ champions, added, newest }).toEqual({
        ...{ champions: '1', added: String(revision - last), newest: revision },
      });
      expect(revision).toBeGreaterThanOrEqual(last);
      last = revision;
      readings++;
    }
  })();
  // An assertion that fails meanwhile is told at the end.
  ended.catch(() => undefined);
  return {
    async stop() {
      stopped = true;
      await ended;
      return readings;
    },
  };
}

/** mulberry32: the same operations each time, though not in the same order. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
