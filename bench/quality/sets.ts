import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { csv, defineLifecycle, sql, standardize, type LifecycleInput } from '../../config/define.ts';
import { parseDefinition, type Definition } from '../../config/definition.ts';
import { Random } from '../../learning/rng.ts';
import construction from '../../examples/construction/lifecycle.ts';
import { makeSet } from '../fit/data.ts';

/** A set to compare on, as the definition of a lifecycle: what a person would write for it. */
export interface QualitySet {
  title: string;
  /** A file under the data folder that it needs; absent: it needs none. */
  needs?: string;
  /** @param folders of the data that is not part of the repository, and for what is generated */
  define(folders: { data: string; scratch: string }): Definition;
}

/** A seed learns from at most so many rows of a set, drawn by a hash of the seed: all sets in half an hour of a core. */
export const MAX_ROWS = 4_000;

export const QUALITY_SETS: Record<string, QualitySet> = {
  digits: { title: 'digits', define: () => define('digits', shipped('digits'), {}) },
  cancer: { title: 'breast cancer', define: () => define('cancer', shipped('cancer'), {}) },
  adult: {
    title: 'Adult',
    needs: 'uci_adult/adult_train.csv',
    define: ({ data }) =>
      define('adult', join(data, 'uci_adult', 'adult_*.csv'), {
        dataset: sql`
          SELECT * REPLACE (
            nullif(workclass, '?') AS workclass, nullif(occupation, '?') AS occupation,
            nullif("native-country", '?') AS "native-country", rtrim(income, '.') AS income)
          FROM rows`,
        target: 'income',
      }),
  },
  elec2: {
    title: 'elec2, folds by time',
    needs: 'elec2/elec2.csv',
    define: ({ data }) =>
      define('elec2', join(data, 'elec2', 'elec2.csv'), {
        target: 'class',
        key: 'timestamp',
        time: 'timestamp',
        features: [
          standardize('day', 'period', 'nswprice', 'nswdemand', 'vicprice', 'vicdemand', 'transfer'),
        ],
        select: { folds: FOLDS, cv: { kind: 'time', gapMs: 0 } },
      }),
  },
  construction: {
    title: 'construction schedules',
    needs: 'nyc_sca_schedules/sca_phases_2025-06.csv',
    define: ({ data }) => {
      const path = join(data, 'nyc_sca_schedules', 'sca_phases_2025-06.csv');
      const phases = csv(path, { types: { district: 'VARCHAR' } });
      return parseDefinition({ ...construction, ...SHARED, sources: { phases } });
    },
  },
  bikes: {
    title: 'bike sharing',
    needs: 'bike_sharing/hour.csv',
    define: ({ data }) =>
      define('bikes', join(data, 'bike_sharing', 'hour.csv'), {
        target: 'cnt',
        key: ['dteday', 'hr'],
        features: [
          standardize('season', 'yr', 'mnth', 'hr', 'holiday', 'weekday', 'workingday', 'weathersit'),
          standardize('temp', 'atemp', 'hum', 'windspeed'),
        ],
      }),
  },
  clusters: {
    title: 'generated: 3 classes in clusters, 20 columns',
    define: ({ scratch }) => define('clusters', clusters(join(scratch, 'clusters.csv')), {}),
  },
  friedman: {
    title: 'generated: Friedman #1, 10 columns',
    define: ({ scratch }) =>
      define('friedman', friedman(join(scratch, 'friedman.csv')), { task: 'regression' }),
  },
};

export const FOLDS = 5;

/** A tenth is held out, as a training does, so that each seed also learns from other rows of a small set. */
const SHARED = {
  split: { by: 'hash' as const, test: 0.1 },
  select: { folds: FOLDS },
  sample: { search: MAX_ROWS },
};

function define(name: string, path: string, more: Partial<LifecycleInput>): Definition {
  return defineLifecycle({ name, sources: { rows: csv(path) }, target: 'target', ...SHARED, ...more });
}

function shipped(name: string): string {
  return fileURLToPath(new URL(`./data/${name}.csv.gz`, import.meta.url));
}

const GENERATED_ROWS = 4_500;

function clusters(path: string): string {
  const { rows, columns, x, y } = makeSet(GENERATED_ROWS, 20, 3);
  return write(path, columns, rows, (row) => [
    ...x.subarray(row * columns, (row + 1) * columns),
    `class ${y[row]}`,
  ]);
}

/** Friedman, "Multivariate adaptive regression splines", Annals of Statistics 19, 1991: five of ten columns count. */
function friedman(path: string): string {
  const random = new Random(23);
  return write(path, 10, GENERATED_ROWS, () => {
    const x = Array.from({ length: 10 }, () => random.unit());
    const noise = Math.sqrt(-2 * Math.log(1 - random.unit())) * Math.cos(2 * Math.PI * random.unit());
    const signal = 10 * Math.sin(Math.PI * x[0] * x[1]) + 20 * (x[2] - 0.5) ** 2 + 10 * x[3] + 5 * x[4];
    return [...x, signal + noise];
  });
}

function write(
  path: string,
  columns: number,
  rows: number,
  cells: (row: number) => (number | string)[],
): string {
  const head = [...Array.from({ length: columns }, (_, column) => `f${column}`), 'target'];
  const lines = Array.from({ length: rows }, (_, row) => cells(row).join(','));
  writeFileSync(path, `${[head.join(','), ...lines].join('\n')}\n`);
  return path;
}
