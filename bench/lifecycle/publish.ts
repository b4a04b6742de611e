import { writeFileSync } from 'node:fs';
import { drawStudy } from './picture.ts';
import type { StudyResult } from './policies.ts';

/** Prints a study's table, and writes its figures and its picture where they are asked for. */
export async function publish(
  results: readonly StudyResult[],
  table: string,
  { json, picture }: { json?: string; picture?: string },
): Promise<void> {
  console.log(`\n${table}\n`);
  if (json) writeFileSync(json, `${JSON.stringify(results, undefined, 1)}\n`);
  if (picture) writeFileSync(picture, await drawStudy(results));
}
