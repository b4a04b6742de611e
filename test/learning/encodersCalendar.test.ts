import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { PERIODS } from '../../learning/encoders/calendar.ts';
import type { CyclicPart } from '../../learning/encoders/spec.ts';
import { encode, times } from './encodersRun.ts';

/** The calendar that is compiled into the graph agrees with Python's and with JavaScript's. */
const PARTS: CyclicPart[] = ['minuteOfHour', 'hour', 'weekday', 'dayOfMonth', 'dayOfYear', 'month'];
const { dates } = JSON.parse(readFileSync(new URL('../golden/encoders.json', import.meta.url), 'utf8')) as {
  dates: number[][];
};

/** The parts of many times, read back from sine and cosine. */
async function partsOf(ms: number[]): Promise<number[][]> {
  const features = PARTS.map((part) => ({ kind: 'cyclic' as const, columns: ['t'], part }));
  const columns = await encode(features, { t: times(...ms) });
  return ms.map((_, i) =>
    PARTS.map((part) => {
      const angle = Math.atan2(columns[`t_${part}_sin`][i], columns[`t_${part}_cos`][i]);
      const turn = (angle / (2 * Math.PI)) * PERIODS[part];
      return (Math.round(turn) + PERIODS[part]) % PERIODS[part];
    }),
  );
}

describe('cyclic', () => {
  it('equals Python on leap years, century years, before 1970, year 1 and year 9999', async () => {
    expect(await partsOf(dates.map(([ms]) => ms))).toEqual(dates.map(([, ...parts]) => parts));
  });

  it('equals Date on 20,000 times over its whole range, 270,000 years to either side', async () => {
    let state = 12345;
    const random = () => (state = (state * 1103515245 + 12345) % 2147483648) / 2147483648;
    const ms = Array.from({ length: 20_000 }, () => Math.floor((random() - 0.5) * 2 * 8.64e15));
    ms.push(8.64e15, -8.64e15, -1, 0, 86_399_999, 86_400_000);
    expect(await partsOf(ms)).toEqual(
      ms.map((value) => {
        const date = new Date(value);
        const year = date.getUTCFullYear();
        const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
        // The same day of a year within Date's range, which does not begin on a first of January.
        const twin = Date.UTC(leap ? 2000 : 2001, date.getUTCMonth(), date.getUTCDate());
        return [
          date.getUTCMinutes(),
          date.getUTCHours(),
          (date.getUTCDay() + 6) % 7,
          date.getUTCDate() - 1,
          (twin - Date.UTC(leap ? 2000 : 2001, 0, 1)) / 86_400_000,
          date.getUTCMonth(),
        ];
      }),
    );
  });

  it('gives sine and cosine of the position as float32', async () => {
    const { t_hour_sin, t_hour_cos } = await encode([{ kind: 'cyclic', columns: ['t'], part: 'hour' }], {
      t: times(0, 3_600_000 * 5 + 59 * 60_000, -1),
    });
    const angle = (hour: number) => (2 * Math.PI * hour) / 24;
    expect(t_hour_sin).toEqual([0, 5, 23].map((hour) => Math.fround(Math.sin(angle(hour)))));
    expect(t_hour_cos).toEqual([0, 5, 23].map((hour) => Math.fround(Math.cos(angle(hour)))));
  });

  it('gives 0, 0 for a missing, infinite or impossible time, and the imputed time where one is declared', async () => {
    const train = { t: times(0, 7_200_000, 7_200_000), u: times(0, 0, 0) };
    const rows = { t: times(NaN, Infinity, -Infinity, 1e300, 8.65e15, 0), u: times(0, NaN, 0, 0, 0, 0) };
    const cyclic = { kind: 'cyclic' as const, columns: ['t', 'u'], part: 'hour' as const };
    const plain = await encode([cyclic], train, rows);
    expect(plain.t_hour_sin).toEqual([0, 0, 0, 0, 0, 0]);
    expect(plain.t_hour_cos).toEqual([0, 0, 0, 0, 0, 1]);
    expect(plain.u_hour_cos).toEqual([1, 0, 1, 1, 1, 1]);
    const imputed = await encode(
      [{ kind: 'impute', columns: ['t'], strategy: 'constant', value: 7_200_000 }, cyclic],
      train,
      rows,
    );
    expect(imputed.t_hour_sin).toEqual([...Array.from({ length: 5 }, () => 0.5), 0]);
    expect(imputed.u_hour_cos).toEqual([1, 0, 1, 1, 1, 1]);
  });
});
