import { PerennialError } from '../config/errors.ts';

/**
 * `30s`, `15m`, `36h`, `1d`, `500ms` in milliseconds; a bare `0` is 0.
 *
 * @throws PerennialError INVALID_INPUT naming the option
 */
export function parseDuration(text: string, option: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*(ms|s|m|min|h|d)$/.exec(text.trim());
  const ms = match ? Number(match[1]) * (UNITS[match[2] ?? ''] ?? NaN) : text.trim() === '0' ? 0 : NaN;
  if (Number.isFinite(ms)) return Math.round(ms);
  throw new PerennialError('INVALID_INPUT', `${option} ${text} is no length of time.`, {
    field: option,
    value: text,
    expected: 'a number with its unit, such as 30s, 15m, 36h or 1d',
  });
}

const UNITS: Record<string, number> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
