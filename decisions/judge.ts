import type { CheckResult, Measurement, Verdict } from './checks.ts';
import type { PlannedCheck } from './planned.ts';

/** The verdict on one check, with one sentence that holds the numbers. `index` is its place in the plan. */
export function judgeCheck(check: PlannedCheck, measurement: Measurement, index: number): CheckResult {
  const { broken, message } = judge(check, measurement);
  const verdict: Verdict = broken === true ? check.severity : broken === 'warn' ? 'warn' : 'pass';
  return { index, kind: check.kind, title: titleOf(check), verdict, message, measurement };
}

/** The worst of the verdicts; `pass` where nothing was checked. */
export function overallVerdict(results: readonly Pick<CheckResult, 'verdict'>[]): Verdict {
  if (results.some((r) => r.verdict === 'fail')) return 'fail';
  return results.some((r) => r.verdict === 'warn') ? 'warn' : 'pass';
}

/** For people, for example `unique(flight_id)`. */
export function titleOf(check: PlannedCheck): string {
  switch (check.kind) {
    case 'unique':
      return `unique(${check.columns.join(', ')})`;
    case 'missing':
      return `missing(${check.columns?.join(', ') ?? 'every column'})`;
    case 'range':
    case 'allowed':
    case 'freshness':
    case 'target':
      return `${check.kind}(${check.column})`;
    case 'expression':
      return check.name;
    default:
      return check.kind;
  }
}

/** `warn` warns whatever the severity. */
interface Judgement {
  broken: boolean | 'warn';
  message: string;
}

function judge(check: PlannedCheck, measured: Measurement): Judgement {
  switch (check.kind) {
    case 'rows':
      return judgeRows(measured.value ?? 0, check.min, check.max);
    case 'missing':
      return judgeMissing(measured, check.max);
    case 'unique':
      return judgeUnique(measured, check.columns);
    case 'range':
      return judgeShare(
        measured,
        check.maxShare,
        `of ${check.column} lie outside ${bounds(check.min, check.max)}`,
      );
    case 'allowed':
      return judgeShare(measured, check.maxShare, `of ${check.column} are none of the allowed values`);
    case 'schema':
      return judgeSchema(measured);
    case 'freshness':
      return judgeFreshness(measured, check);
    case 'balance':
      return judgeBalance(measured, check.min);
    case 'leakage':
      return judgeLeakage(measured, check.maxShare);
    case 'expression':
      return judgeExpression(measured, check);
    case 'target':
      return judgeTarget(measured, check.column);
    case 'split':
      return judgeSplit(measured);
    case 'empty':
      return judgeColumns(
        measured,
        'hold no value at all',
        'Every column that is learned from holds values.',
      );
    case 'finite':
      return judgeColumns(
        measured,
        'hold infinite values',
        'No column that is learned from holds an infinite value.',
      );
    case 'duplicates':
      return judgeDuplicates(measured);
  }
}

function judgeRows(rows: number, min = 0, max = Infinity): Judgement {
  if (rows < min)
    return { broken: true, message: `${count(rows, 'row')}; at least ${whole(min)} are required.` };
  if (rows > max)
    return { broken: true, message: `${count(rows, 'row')}; at most ${whole(max)} are allowed.` };
  return { broken: false, message: `${count(rows, 'row')}.` };
}

function judgeMissing(measured: Measurement, max: number): Judgement {
  const over = Object.entries(measured.detail ?? {})
    .map(([column, value]) => ({ column, value: Number(value) }))
    .filter(({ value }) => value > max)
    .sort((a, b) => b.value - a.value);
  if (over.length === 0) {
    return {
      broken: false,
      message: `At most ${percent(measured.value ?? 0)} of a column is missing; ${percent(max)} are allowed.`,
    };
  }
  const named = list(over.map(({ column, value }) => `${column} (${percent(value)})`));
  return { broken: true, message: `More than ${percent(max)} missing in ${named}.` };
}

function judgeUnique(measured: Measurement, columns: string[]): Judgement {
  const violations = measured.violations ?? 0;
  const what = columns.join(', ');
  if (violations === 0)
    return { broken: false, message: `Each of ${count(measured.looked, 'row')} has its own ${what}.` };
  const keys = Number(measured.detail?.keys ?? 0);
  return {
    broken: true,
    message: `${count(violations, 'row')} of ${whole(measured.looked)} share their ${what} with another (${count(keys, 'value')} repeated).`,
  };
}

function judgeShare(measured: Measurement, maxShare: number, what: string): Judgement {
  const violations = measured.violations ?? 0;
  const share = measured.looked === 0 ? 0 : violations / measured.looked;
  const allowed = maxShare === 0 ? '' : `; ${percent(maxShare)} are allowed`;
  return {
    broken: share > maxShare,
    message: `${whole(violations)} of ${count(measured.looked, 'value')} ${what}${violations === 0 ? '' : ` (${percent(share)})`}${allowed}.`,
  };
}

function judgeSchema(measured: Measurement): Judgement {
  const changes = Object.entries(measured.detail ?? {});
  if (changes.length === 0)
    return { broken: false, message: `${count(measured.value ?? 0, 'column')}, as accepted.` };
  const named = list(changes.map(([column, change]) => `${column} ${change}`));
  return {
    broken: (measured.violations ?? 0) > 0 ? true : 'warn',
    message: `The columns differ from the accepted ones: ${named}.`,
  };
}

function judgeFreshness(measured: Measurement, check: { column: string; maxAgeMs: number }): Judgement {
  if (measured.value === undefined) return { broken: true, message: `${check.column} holds no time.` };
  const age = `The newest ${check.column} is ${duration(measured.value)} old`;
  return {
    broken: measured.value > check.maxAgeMs,
    message: `${age}; ${duration(check.maxAgeMs)} are allowed.`,
  };
}

function judgeBalance(measured: Measurement, min: number): Judgement {
  if (measured.value === undefined) return { broken: true, message: 'The target holds no value.' };
  const rarest = Object.entries(measured.detail ?? {}).sort((a, b) => Number(a[1]) - Number(b[1]))[0];
  const which = rarest === undefined ? 'The rarest class' : `The rarest class ${rarest[0]}`;
  return {
    broken: measured.value < min,
    message: `${which} has ${percent(measured.value)} of the rows; at least ${percent(min)} are required.`,
  };
}

function judgeLeakage(measured: Measurement, maxShare: number): Judgement {
  const violations = measured.violations ?? 0;
  const share = measured.looked === 0 ? 0 : violations / measured.looked;
  const keys = Number(measured.detail?.sharedKeys ?? 0);
  const same = Number(measured.detail?.sameRows ?? 0);
  if (violations === 0)
    return {
      broken: false,
      message: `None of ${count(measured.looked, 'hold-out row')} stands in training as well.`,
    };
  return {
    broken: share > maxShare,
    message:
      `${whole(violations)} of ${count(measured.looked, 'hold-out row')} (${percent(share)}) stand in training as well: ` +
      `${whole(keys)} by their key, ${whole(same)} equal but for the key.`,
  };
}

function judgeExpression(
  measured: Measurement,
  check: { name: string; min?: number; max?: number },
): Judgement {
  const { value } = measured;
  if (value === undefined || Number.isNaN(value))
    return { broken: true, message: `${check.name} has no value.` };
  const { min = -Infinity, max = Infinity } = check;
  const limits =
    check.min === undefined && check.max === undefined ? '' : `; ${bounds(check.min, check.max)} is required`;
  return { broken: value < min || value > max, message: `${check.name} is ${number(value)}${limits}.` };
}

function judgeTarget(measured: Measurement, column: string): Judgement {
  const detail = measured.detail ?? {};
  const [missing, infinite, distinct] = [detail.missing, detail.infinite, detail.distinct].map((n) =>
    Number(n ?? 0),
  );
  const faults: string[] = [];
  if (measured.looked === 0) faults.push('there are no rows');
  if (missing > 0) faults.push(`${count(missing, 'row')} of ${whole(measured.looked)} have none`);
  if (infinite > 0) faults.push(`${count(infinite, 'row')} are infinite`);
  if (measured.looked > 0 && distinct < 2)
    faults.push(distinct === 1 ? `every row has the value ${String(detail.only)}` : 'no row has one');
  if (detail.rarest !== undefined && Number(detail.rarestRows) < 2 && distinct >= 2) {
    faults.push(`the class ${String(detail.rarest)} has one row, at least two are required`);
  }
  if (faults.length > 0)
    return { broken: true, message: `The target ${column} cannot be learned: ${faults.join('; ')}.` };
  return {
    broken: false,
    message: `The target ${column} is there in all ${count(measured.looked, 'row')}, with ${whole(distinct)} values.`,
  };
}

function judgeSplit(measured: Measurement): Judgement {
  const [train, test, unseen] = ['train', 'test', 'unseen'].map((k) => Number(measured.detail?.[k] ?? 0));
  const sides = `${count(train, 'row')} for training, ${whole(test)} held out`;
  if (train === 0 || test === 0)
    return { broken: true, message: `The split leaves one side empty: ${sides}.` };
  if (unseen > 0)
    return {
      broken: true,
      message: `${count(unseen, 'held-out row')} have a class that no training row has: ${sides}.`,
    };
  return { broken: false, message: `${sides} (${percent(test / (train + test))}).` };
}

function judgeColumns(measured: Measurement, fault: string, fine: string): Judgement {
  const columns = Object.entries(measured.detail ?? {});
  if (columns.length === 0) return { broken: false, message: fine };
  const named = list(columns.map(([column, n]) => `${column} (${count(Number(n), 'row')})`));
  return {
    broken: true,
    message: `${count(columns.length, 'column')} that ${columns.length === 1 ? 'is' : 'are'} learned from ${fault}: ${named}.`,
  };
}

function judgeDuplicates(measured: Measurement): Judgement {
  const surplus = measured.violations ?? 0;
  if (surplus === 0) return { broken: false, message: `No row equals another in every column.` };
  return {
    broken: true,
    message: `${count(surplus, 'row')} of ${whole(measured.looked)} repeat another in every column.`,
  };
}

// ---- words ---------------------------------------------------------------------------------------------------

function count(n: number, noun: string): string {
  return `${whole(n)} ${noun}${n === 1 ? '' : 's'}`;
}

/** 3000000 as 3,000,000: by hand, since a locale is an environment. */
function whole(n: number): string {
  return String(n).replace(/\B(?=(\d{3})+(?!\d))/g, ',');
}

/** At most four digits, and never 0 % for something or 100 % for less than all. */
function percent(share: number): string {
  if (share > 0 && share < 0.00005) return 'less than 0.01 %';
  if (share < 1 && share > 0.99995) return 'over 99.99 %';
  return `${Number((share * 100).toFixed(2))} %`;
}

function number(value: number): string {
  return String(Number(value.toPrecision(6)));
}

function bounds(min?: number | string, max?: number | string): string {
  if (min !== undefined && max !== undefined) return `${min} to ${max}`;
  return min !== undefined ? `at least ${min}` : max !== undefined ? `at most ${max}` : 'any value';
}

function duration(ms: number): string {
  const units: [string, number][] = [
    ['day', 86_400_000],
    ['hour', 3_600_000],
    ['minute', 60_000],
  ];
  for (const [name, size] of units) {
    if (Math.abs(ms) >= size) {
      const n = Number((ms / size).toFixed(1));
      return `${n} ${name}${n === 1 ? '' : 's'}`;
    }
  }
  return `${Number((ms / 1000).toFixed(1))} seconds`;
}

function list(items: string[]): string {
  const shown = items.slice(0, 10);
  return items.length > shown.length
    ? `${shown.join(', ')} and ${items.length - shown.length} more`
    : shown.join(', ');
}
