import { PerennialError } from '../config/errors.ts';
import type { ModelVersionRow, TrainedVersionRow } from './types.ts';

/**
 * A version as its training made it.
 *
 * @param purpose what it is asked for, for example `its hold-out rows are replayed`
 * @throws PerennialError INVALID_INPUT where it was imported: nothing here knows its data
 */
export function requireTrained(row: ModelVersionRow, purpose: string): TrainedVersionRow {
  const { runNumber, definitionHash, datasetDigest, evaluationDigest, cv } = row;
  if (runNumber !== undefined && definitionHash && datasetDigest && evaluationDigest && cv)
    return { ...row, runNumber, definitionHash, datasetDigest, evaluationDigest, cv };
  const value = `${row.name}@${row.version}`;
  throw new PerennialError(
    'INVALID_INPUT',
    `${value} was imported, and nothing here knows the data that it learned from: ${purpose} of a version that was trained here.`,
    { field: 'version', value, expected: 'a version that was trained here' },
  );
}
