import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunRow, Store } from '../store/types.ts';
import { readEvaluation } from './evaluationFile.ts';

/**
 * Writes a run's report page and its pictures, also of a run that the gate refused.
 *
 * @returns the path of report.html; undefined where the run did not get so far.
 */
export async function saveReport(store: Store, run: RunRow, directory: string): Promise<string | undefined> {
  if (!run.evaluationDigest) return undefined;
  const { pictures, reportDigest } = await readEvaluation(store, run.evaluationDigest);
  await mkdir(join(directory, 'pictures'), { recursive: true });
  for (const [picture, digest] of Object.entries(pictures)) {
    await writeFile(join(directory, 'pictures', `${picture}.svg`), await store.artifacts.get(digest));
  }
  const page = join(directory, 'report.html');
  await writeFile(page, await store.artifacts.get(reportDigest));
  return page;
}
