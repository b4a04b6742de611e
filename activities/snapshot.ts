import { cancellationSignal } from '@temporalio/activity';
import type { Definition } from '../config/definition.ts';
import { splitPlan } from '../sources/split.ts';
import { openTable, type Table } from '../sources/table.ts';
import type { TrainerDependencies } from './dependencies.ts';

/** Opens a dataset's snapshot with the definition's split and sampling, for as long as `body` works with it. */
export async function openSnapshot<T>(
  { files, memoryLimitBytes }: TrainerDependencies,
  definition: Definition,
  datasetDigest: string,
  body: (table: Table) => Promise<T>,
): Promise<T> {
  return files.use(datasetDigest, cancellationSignal(), (path) =>
    files.scratch('table', async (scratch) => {
      const table = await openTable(path, { scratch, memoryLimitBytes, split: splitPlan(definition) });
      try {
        return await body(table);
      } finally {
        await table.close();
      }
    }),
  );
}
