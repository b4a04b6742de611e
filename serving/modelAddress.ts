import { PerennialError } from '../config/errors.ts';

/** Of `/models/:name` and `/models/:name/versions/:version`. */
export interface ModelAddress {
  name: string;
  version?: string;
}

/** @throws PerennialError NOT_FOUND for what cannot be a version */
export function readVersion(version: string | undefined): number | undefined {
  if (version === undefined) return undefined;
  if (/^[1-9]\d{0,8}$/.test(version)) return Number(version);
  throw new PerennialError(
    'NOT_FOUND',
    `There is no version ${JSON.stringify(version)}; versions are 1, 2, 3 ...`,
    { field: 'version', value: version, expected: '1, 2, 3 ...' },
  );
}
