import type { GraphBuilder } from '../onnx/graph.ts';
import { scalar } from './arithmetic.ts';
import type { CyclicPart } from './spec.ts';

/** How many positions each part has; the longest month and year, so that every day has a place. */
export const PERIODS: Record<CyclicPart, number> = {
  minuteOfHour: 60,
  hour: 24,
  weekday: 7,
  dayOfMonth: 31,
  dayOfYear: 366,
  month: 12,
};

/**
 * The part of a time, counted from 0 (weekday: Monday), as a double tensor of whole numbers in [0, period).
 *
 * @param time a double tensor of whole epoch milliseconds (UTC) within +-8.64e15; doubles hold all sums exactly
 */
export function calendarPart(part: CyclicPart, graph: GraphBuilder, time: string): string {
  const sum = arithmetic(graph);
  if (part === 'minuteOfHour') return sum.remainder(sum.quotient(time, 60_000), 60);
  if (part === 'hour') return sum.remainder(sum.quotient(time, 3_600_000), 24);
  const days = sum.quotient(time, 86_400_000);
  if (part === 'weekday') return sum.remainder(sum.add(days, 3), 7); // 1970-01-01 was a Thursday
  return datePart(part, sum, days);
}

/**
 * Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days: the year is counted from 1 March,
 * so that a leap day is its last.
 */
function datePart(part: 'dayOfMonth' | 'dayOfYear' | 'month', sum: Arithmetic, days: string): string {
  const shifted = sum.add(days, 719_468);
  const dayOfEra = sum.remainder(shifted, 146_097);
  const leapFree = sum.subtract(
    sum.plus(sum.subtract(dayOfEra, sum.quotient(dayOfEra, 1460)), sum.quotient(dayOfEra, 36_524)),
    sum.quotient(dayOfEra, 146_096),
  );
  const yearOfEra = sum.quotient(leapFree, 365);
  const daysBefore = sum.subtract(
    sum.plus(sum.times(yearOfEra, 365), sum.quotient(yearOfEra, 4)),
    sum.quotient(yearOfEra, 100),
  );
  const dayOfYear = sum.subtract(dayOfEra, daysBefore); // 0 is 1 March, 306 is 1 January
  const month = sum.quotient(sum.add(sum.times(dayOfYear, 5), 2), 153); // 0 is March
  if (part === 'month') return sum.remainder(sum.add(month, 2), 12);
  if (part === 'dayOfMonth') {
    return sum.subtract(dayOfYear, sum.quotient(sum.add(sum.times(month, 153), 2), 5));
  }
  const afterFebruary = sum.plus(sum.add(dayOfYear, 59), leapDay(sum, yearOfEra));
  return sum.where(sum.atLeast(dayOfYear, 306), sum.add(dayOfYear, -306), afterFebruary);
}

/** 1 in leap years, else 0: (divisible by 4) - (by 100) + (by 400). */
function leapDay(sum: Arithmetic, year: string): string {
  const divisible = (by: number) =>
    sum.where(sum.atLeast(sum.remainder(year, by), 1), sum.number(0), sum.number(1));
  return sum.plus(sum.subtract(divisible(4), divisible(100)), divisible(400));
}

type Arithmetic = ReturnType<typeof arithmetic>;

/** Whole-number sums on double tensors; quotient and remainder round towards minus infinity. */
function arithmetic(graph: GraphBuilder) {
  const node = (op: string, ...inputs: string[]) => graph.node(op, inputs)[0];
  const number = (value: number) => scalar(graph, value);
  const quotient = (a: string, b: number) => node('Floor', node('Div', a, number(b)));
  return {
    number,
    quotient,
    remainder: (a: string, b: number) => node('Sub', a, node('Mul', quotient(a, b), number(b))),
    add: (a: string, b: number) => node('Add', a, number(b)),
    plus: (a: string, b: string) => node('Add', a, b),
    subtract: (a: string, b: string) => node('Sub', a, b),
    times: (a: string, b: number) => node('Mul', a, number(b)),
    atLeast: (a: string, b: number) => node('GreaterOrEqual', a, number(b)),
    where: (condition: string, a: string, b: string) => node('Where', condition, a, b),
  };
}
