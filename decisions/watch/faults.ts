import { plain, share } from '../canary/wording.ts';
import type { ColumnFacts, WindowFacts } from './facts.ts';
import type { WatchPolicy } from './policy.ts';
import type { Fault } from './verdict.ts';

const MAX_FAULTS = 20;
/** Standard errors by which a share must exceed its reference: of 2,000 columns none does by chance. */
const CERTAIN = 5;
/** Of the line through the deciles: 1.609 kilometres are a mile. Both are exclusive. */
const MAX_SLOPE = 1.6;
const MIN_R2 = 0.99;
/** By few rows deciles lie beside their line by chance: two samples of n normal numbers have 1 - r2 of 1.5 / n, and of 4.3 / n one time in 20. */
const CHANCE_R2 = 5;
/** Of the window's mean, and of a conversion's two numbers: 3.8 standard errors of 300 rows. */
const NEAR = 0.25;
/** Units whose zeros differ: Fahrenheit of Celsius, and back. */
const CONVERSIONS = [
  { slope: 1.8, intercept: 32 },
  { slope: 1 / 1.8, intercept: -32 / 1.8 },
];
/** KS distance to the last healthy window. A factor of 1.6 moves a column whose spread is half its mean by 0.3. */
const LARGE_EFFECT = 0.2;

/**
 * What is broken upstream, at most 20 faults, volume first: retraining on it would teach the model the fault. Ignored columns
 * have none. A share must exceed its limit and chance, so few rows are no fault by themselves. Values that training never
 * saw are a fault where they come at once: a summer after a training in winter leaves the range too, a little more each
 * window, and that is drift, from which to learn is right.
 *
 * They are taken for the world once they have been a fault for `data.patience` windows in a row, with nobody having mended
 * it. Otherwise a world that changes at once and stays would silence the watch for ever, while its champion is as wrong as
 * it can be. While anything else is wrong with the column, they stay one. A volume that stays is taken for the world likewise.
 */
export function findFaults(facts: WindowFacts, policy: WatchPolicy): Fault[] {
  const { patience = Infinity } = policy.data;
  const ofColumns = judgedColumns(facts, policy).flatMap((column) => {
    const faults = faultsOf(column, facts, policy);
    return faults.every(mayBeTheWorld) && (column.lasted ?? 0) >= patience ? [] : faults;
  });
  const ofVolume = (facts.volumeLasted ?? 0) >= patience ? [] : findVolumeFault(facts, policy);
  return [...ofVolume, ...ofColumns].slice(0, MAX_FAULTS);
}

/** Columns to which values that training never saw came at once, whatever is taken for the world by now. */
export function suddenColumns(facts: WindowFacts, policy: WatchPolicy): Set<string> {
  const sudden = judgedColumns(facts, policy).filter((column) =>
    faultsOf(column, facts, policy).some(mayBeTheWorld),
  );
  return new Set(sudden.map(({ column }) => column));
}

function judgedColumns({ columns }: WindowFacts, { ignore }: WatchPolicy): ColumnFacts[] {
  return columns.filter(({ column, ignored }) => ignored !== true && !ignore.includes(column));
}

function faultsOf(column: ColumnFacts, facts: WindowFacts, policy: WatchPolicy): Fault[] {
  return [...findShareFaults(column, facts.compared, policy), ...findUnitFault(column, facts, policy)];
}

/** Told at once, and by itself no sign that something broke: a market that opens, a new customer. */
function mayBeTheWorld({ kind }: Fault): boolean {
  return kind === 'unseen' || kind === 'out-of-range';
}

function findVolumeFault(facts: WindowFacts, policy: WatchPolicy): Fault[] {
  const unusual = unusualVolume(facts, policy);
  const { usualRows, rows } = facts;
  const { volume } = policy.data;
  if (!unusual || !volume || usualRows === undefined) return [];
  const bound = unusual === 'few' ? `less than ${plain(volume.min)}` : `more than ${plain(volume.max)}`;
  return [
    {
      kind: 'volume',
      message: `${plain(rows)} rows came where ${plain(Math.round(usualRows))} are usual, ${bound} times as many.`,
    },
  ];
}

/** Whatever is taken for the world by now. */
export function unusualVolume(
  { rows, usualRows }: WindowFacts,
  { data }: WatchPolicy,
): 'few' | 'many' | undefined {
  if (!data.volume || usualRows === undefined || !(usualRows > 0)) return undefined;
  const { min, max } = data.volume;
  // Where a few rows are usual, a pause is no fault: chance is the Poisson's.
  const chance = CERTAIN * Math.sqrt(usualRows);
  if (rows < min * usualRows && rows < usualRows - chance) return 'few';
  return rows > max * usualRows && rows > usualRows + chance ? 'many' : undefined;
}

function findShareFaults(column: ColumnFacts, rows: number, { data }: WatchPolicy): Fault[] {
  const { sinceHealthy } = column;
  const present = rows * (1 - column.missing);
  const before = sinceHealthy ? 'last healthy window' : 'reference';
  const name = column.column;
  const checks = [
    {
      kind: 'missing',
      is: column.missing,
      was: column.referenceMissing,
      limit: data.missing,
      of: rows,
      what: `values of ${name} are missing`,
      before: 'reference',
    },
    {
      kind: 'unseen',
      is: column.unseen,
      was: sinceHealthy?.unseen ?? 0,
      limit: data.unseen,
      of: present,
      what: `values of ${name} were never seen in training`,
      before,
    },
    {
      kind: 'out-of-range',
      is: column.outOfRange,
      was: sinceHealthy?.outOfRange ?? 0,
      limit: data.outOfRange,
      of: present,
      what: `values of ${name} lie outside the range of training`,
      before,
    },
  ] as const;
  return checks.flatMap(({ kind, is, was, limit, of, what, before }): Fault[] => {
    if (is === undefined || !(is - was > limit) || !exceedsChance(is, was, of)) return [];
    const count = Math.round(is * of);
    return [
      {
        kind,
        column: name,
        message: `${plain(count)} of ${plain(Math.round(of))}${share(is, 1)} ${what}, ${plain(100 * was)} % in the ${before}: more than ${plain(100 * limit)} points above it.`,
      },
    ];
  });
}

/** By the share that is between the two: at a reference of 0 the binomial's own error would be 0. */
function exceedsChance(is: number, was: number, rows: number): boolean {
  const between = (is + was) / 2;
  return is - was > CERTAIN * Math.sqrt((between * (1 - between)) / Math.max(rows, 1));
}

/**
 * The deciles were multiplied, by much and at once. Where drift is real, a distribution seldom keeps its shape so exactly
 * while its scale changes by more than 1.6 from one window to the next; and where it does, as the temperatures of one week
 * do beside those of five months, it narrows around a middle of its own and not towards 0.
 */
function findUnitFault(
  { column, scale, sinceHealthy, effect }: ColumnFacts,
  { rows, compared }: WindowFacts,
  { minRows }: WatchPolicy,
): Fault[] {
  if (rows < minRows || !scale) return [];
  const { slope, intercept, r2, offset } = scale;
  const steep = slope > MAX_SLOPE || slope < 1 / MAX_SLOPE;
  const straight = r2 > MIN_R2 - CHANCE_R2 / Math.max(1, compared);
  const sudden = sinceHealthy?.effect ?? effect;
  const converted = CONVERSIONS.some(
    (known) => isNear(slope, known.slope) && isNear(intercept, known.intercept),
  );
  if (!steep || !straight || sudden < LARGE_EFFECT || !(Math.abs(offset) < NEAR || converted)) return [];
  const line = `${plain(slope)} times ${sinceHealthy ? 'those of the last healthy window' : "the reference's"}`;
  const shift = `${intercept < 0 ? 'minus' : 'plus'} ${plain(Math.abs(intercept))}`;
  return [
    {
      kind: 'unit',
      column,
      message: `The deciles of ${column} are ${line} ${shift} (r2 ${plain(r2)}, effect ${plain(sudden)}): look for a change of unit.`,
    },
  ];
}

function isNear(value: number, known: number): boolean {
  return Math.abs(value - known) < NEAR * Math.abs(known);
}
