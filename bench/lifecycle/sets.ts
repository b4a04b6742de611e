import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { csv, days, defineLifecycle, forest, type LifecycleInput } from '../../config/define.ts';
import type { Definition } from '../../config/definition.ts';
import type { PastRow } from '../../client/replayPast.ts';
import type { Policy } from './policies.ts';

/** A set whose world changes, with the lifecycle that is to keep up with it. */
export interface PastSet {
  title: string;
  /** `accuracy`, or `mean absolute error`. */
  quality: string;
  better: 'higher' | 'lower';
  /** In the order of time. */
  rows: PastRow[];
  columns: string[];
  target: string;
  chunkMs: number;
  labelDelayMs: number;
  define: (name: string, policy: Policy) => Definition;
}

/** @throws Error where there is no set of that name */
export function openSet(name: string, folder: string): PastSet {
  const open = SETS[name];
  if (!open) throw new Error(`--set is ${name}; expected ${Object.keys(SETS).join(', ')}`);
  return open(folder);
}

const SETS: Record<string, (folder: string) => PastSet> = {
  /** Half hours of the electricity market of New South Wales; does the price rise? Known to drift (Harries 1999). */
  elec2(folder) {
    const columns = ['day', 'period', 'nswprice', 'nswdemand', 'vicprice', 'vicdemand', 'transfer'];
    const rows = read(join(folder, 'elec2', 'elec2.csv')).map((row) => ({
      key: row.timestamp,
      at: Date.parse(`${row.timestamp}Z`),
      inputs: pick(row, columns),
      truth: row.class,
    }));
    return {
      title: 'elec2',
      quality: 'accuracy',
      better: 'higher',
      rows,
      columns,
      target: 'target',
      chunkMs: days(7),
      labelDelayMs: days(1),
      define: (name, policy) =>
        define(name, columns, policy, {
          search: [forest({ trees: 50, maxDepth: [6, 10], minLeaf: 5 })],
          select: { metric: 'accuracy', folds: 3 },
          quality: 0.02,
          window: { kind: 'sliding', ms: days(180) },
        }),
    };
  },
  /** Hours of a bicycle rental; how many are rented? Demand grows from the first year to the second. */
  bikes(folder) {
    const columns = [
      'season',
      'mnth',
      'hr',
      'holiday',
      'weekday',
      'workingday',
      'weathersit',
      'temp',
      'atemp',
      'hum',
      'windspeed',
    ];
    const rows = read(join(folder, 'bike_sharing', 'hour.csv')).map((row) => ({
      key: `${row.dteday}-${row.hr}`,
      at: Date.parse(`${row.dteday}T00:00:00Z`) + Number(row.hr) * 3_600_000,
      inputs: pick(row, columns),
      truth: Number(row.cnt),
    }));
    return {
      title: 'bike sharing',
      quality: 'mean absolute error',
      better: 'lower',
      rows,
      columns,
      target: 'target',
      chunkMs: days(7),
      labelDelayMs: days(1),
      define: (name, policy) =>
        define(name, columns, policy, {
          search: [forest({ trees: 50, maxDepth: [10, 14], minLeaf: 3 })],
          select: { metric: 'mae', folds: 3 },
          quality: 10,
          window: { kind: 'expanding' },
          // The calendar itself: a month that training has not seen is nobody's fault.
          ignore: ['season', 'mnth'],
        }),
    };
  },
};

function define(
  name: string,
  columns: readonly string[],
  { kind, weeks = 0, alpha, stale }: Policy,
  how: Pick<LifecycleInput, 'search' | 'select'> & {
    /** Units of the loss by which the mean may be above that of the hold-out. */
    quality: number;
    window: NonNullable<NonNullable<LifecycleInput['retrain']>['window']>;
    ignore?: string[];
  },
): Definition {
  return defineLifecycle({
    name,
    sources: { past: csv('first.csv', { types: { key: 'VARCHAR' } }) },
    target: 'target',
    key: 'key',
    time: 'at',
    features: [{ kind: 'passthrough', columns: [...columns] }],
    search: how.search,
    select: how.select,
    watch: {
      everyMs: days(7),
      minRows: 100,
      ignore: how.ignore,
      // Labels are a day late: the last day of each week is judged with the next one.
      quality: { margin: how.quality, minLabels: 100, alpha, labelHorizonMs: days(1) },
      // A market that is joined to its neighbour's is no broken sensor.
      data: { patience: 2 },
      // A week is 336 or 168 rows: one that differs and is answered worse is enough.
      drift: { windows: 2, atLeast: 1 },
    },
    ...(kind !== 'never'
      ? {
          retrain: {
            data: 'predictions',
            window: how.window,
            // The calendar's own must not be refused for a cooldown.
            cooldownMs: kind === 'watch' ? days(7 * weeks) : 0,
            ...(stale === undefined ? {} : { staleAfterMs: days(7 * stale) }),
            // By its own calendar, which a past has no Temporal Schedule for; see past.ts.
            schedule: { everyMs: days(400) },
            approveAfterRejected: 100,
            promote: 'gate',
          },
        }
      : {}),
  });
}

function read(path: string): Record<string, string>[] {
  const [head, ...lines] = readFileSync(path, 'utf8').trim().split(/\r?\n/);
  const names = head.split(',');
  return lines.map((line) => {
    const cells = line.split(',');
    return Object.fromEntries(names.map((column, i) => [column, cells[i]]));
  });
}

function pick(row: Record<string, string>, columns: readonly string[]): Record<string, number> {
  return Object.fromEntries(columns.map((column) => [column, Number(row[column])]));
}
