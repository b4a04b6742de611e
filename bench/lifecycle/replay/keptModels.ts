import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import type { Definition } from '../../../config/definition.ts';
import type { TrainedModel } from './models.ts';

/**
 * Keeps what was trained for the next run, in a folder. A file is named by the definition and the moment, and so knows
 * nothing of the code: whoever changes a learner takes another folder.
 */
export async function keptModel(
  folder: string | undefined,
  definition: Definition,
  asOf: number | undefined,
  train: () => Promise<TrainedModel>,
): Promise<TrainedModel> {
  if (folder === undefined) return train();
  const key = createHash('sha256').update(JSON.stringify({ definition, asOf }));
  const path = join(folder, `${key.digest('hex').slice(0, 32)}.model`);
  if (existsSync(path)) return deserialize(readFileSync(path)) as TrainedModel;
  const model = await train();
  mkdirSync(folder, { recursive: true });
  // Whole or not at all.
  writeFileSync(`${path}.part`, serialize(model));
  renameSync(`${path}.part`, path);
  return model;
}
