import type { ParamValue } from './definition.ts';

/** A hyperparameter's value as people read it: `0.1`, `none`, `{price: decreasing}`; names in order, digits as given. */
export function paramText(value: ParamValue, ofNumber: (value: number) => string = String): string {
  if (value === null) return 'none';
  if (typeof value === 'number') return ofNumber(value);
  if (typeof value !== 'object') return String(value);
  const parts = Object.keys(value)
    .sort()
    .map((name) => `${name}: ${typeof value[name] === 'number' ? ofNumber(value[name]) : value[name]}`);
  return `{${parts.join(', ')}}`;
}
