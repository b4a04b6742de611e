import { z } from 'zod';

export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;

/** A time that a policy declares, in milliseconds; 400 days at the most. */
export const duration = z
  .int()
  .min(0)
  .max(400 * DAY_MS);
