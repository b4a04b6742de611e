import type { ParamValue } from '../../config/definition.ts';
import { paramText } from '../../config/paramText.ts';

/** Numbers and parameters as people read them. */

export type Params = Record<string, ParamValue>;

/** 1234567 -> 1,234,567 */
export function count(n: number): string {
  return n.toLocaleString('en-US');
}

/** 412 ms, 8.3 s, 2 min 05 s */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000);
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`;
}

/** Five digits that count: the sixth lies below any fold's standard deviation. */
export function score(value: number | null | undefined): string {
  if (value === null || value === undefined) return '-';
  return Math.abs(value) < 1_000 ? value.toFixed(5) : value.toPrecision(6);
}

/** trees=100 maxDepth=8 */
export function params(values: Params, only?: ReadonlySet<string>): string {
  return Object.entries(values)
    .filter(([name]) => !only || only.has(name))
    .map(
      ([name, value]) =>
        `${name}=${value === null ? 'null' : paramText(value, (n) => String(Number(n.toPrecision(6))))}`,
    )
    .join(' ');
}

/** The parameters in which an algorithm's candidates differ; all of them where it has only one candidate. */
export function varied(
  candidates: readonly { algorithm: string; params: Params }[],
): Map<string, Set<string>> {
  const byAlgorithm = new Map<string, Params[]>();
  for (const { algorithm, params: values } of candidates) {
    byAlgorithm.set(algorithm, [...(byAlgorithm.get(algorithm) ?? []), values]);
  }
  return new Map(
    [...byAlgorithm].map(([algorithm, all]) => {
      const names = [...new Set(all.flatMap((values) => Object.keys(values)))];
      const textOf = (value: ParamValue | undefined) => (value === undefined ? '' : paramText(value));
      const differ = names.filter((name) => new Set(all.map((values) => textOf(values[name]))).size > 1);
      return [algorithm, new Set(differ.length > 0 ? differ : names)];
    }),
  );
}

/** Enough of a digest to tell it from others. */
export function short(digest: string): string {
  return digest.slice(0, 12);
}
