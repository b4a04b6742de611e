import { MEBIBYTE } from '../config/units.ts';
import type { GatewayLimits } from './types.ts';

/** 100,000 rows of 20 columns are some 30 MB of JSON; what is under way then is at most two such requests. */
export const DEFAULT_LIMITS: GatewayLimits = {
  maxBodyBytes: 32 * MEBIBYTE,
  maxRows: 100_000,
  maxTextBytes: 65_536,
  requestTimeoutMs: 30_000,
  maxRowsUnderWay: 200_000,
  maxRequestsUnderWay: 1_000,
};
