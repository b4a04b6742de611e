import { expect, it } from 'vitest';
import { cpuSeconds } from '../../bench/serve/cpuTime.ts';
import { medianOf, type Measured } from '../../bench/serve/load.ts';
import { compare, resultTable } from '../../bench/serve/report.ts';
import { COMPARISONS, type ContestantId } from '../../bench/serve/works.ts';

/** The table says what was measured and what was not, and calls a target met only where it is. */

const at = (requestsPerSecond: number, p99Ms = 5): Measured => ({
  requestsPerSecond,
  p50Ms: 1,
  p99Ms,
  cpuMs: 0.1,
});
const results = (measured: Partial<Record<ContestantId, Measured[]>>) =>
  compare(COMPARISONS, new Map(Object.entries(measured) as [ContestantId, Measured[]][]));

it('takes the median of the rounds, of an even number the mean of the middle two', () => {
  expect(medianOf([at(300, 1), at(100, 9), at(200, 2)])).toEqual(at(200, 2));
  expect(medianOf([at(100), at(400), at(200), at(300)]).requestsPerSecond).toBe(250);
});

it('compares requests a second, and the p99 where that is asked for', () => {
  const of = (row: Measured) => results({ row: [row], 'fastapi-row': [at(100)] })[0];
  expect(of(at(250))).toMatchObject({ ratio: 2.5, met: true });
  expect(of(at(249))).toMatchObject({ met: false });
  expect(of(at(900, 5.1))).toMatchObject({ ratio: 9, met: false });
  // No target, so nothing to miss.
  const raw = results({ rows: [at(50)], 'fastapi-raw': [at(100)] }).find(
    ({ other }) => other === 'fastapi-raw',
  );
  expect(raw).toMatchObject({ ratio: 0.5, met: undefined });
});

it('says of a peer that is not there that it was not measured', () => {
  const table = resultTable(results({ row: [at(1000)] }));
  expect(table).toMatch(
    /one row, logged +1000 +5\.00 +0\.100 +FastAPI \+ ONNX Runtime, no log +not measured +2\.5, p99 no worse$/m,
  );
  expect(table).not.toMatch(/met|MISSED/);
});

it.runIf(process.platform === 'linux')('counts the processor time of a process and its children', () => {
  const before = cpuSeconds(process.pid) ?? NaN;
  // Counted in hundredths of a second.
  const start = process.cpuUsage();
  while (process.cpuUsage(start).user < 200_000) Math.sqrt(Math.random());
  expect(cpuSeconds(process.pid)).toBeGreaterThan(before);
  expect(cpuSeconds(2 ** 30)).toBeUndefined();
});
