import { ParentClosePolicy, setHandler, startChild } from '@temporalio/workflow';
import { searchAttributes } from '../../config/searchAttributes.ts';
import type { halving as halvingWorkflow } from '../halving.ts';
import {
  ids,
  searchParallelism,
  searchProgress,
  setParallelism,
  type FeaturizeResult,
  type SearchInput,
  type SearchResult,
  type TrainingInput,
  type TrainingProgress,
} from '../messages.ts';
import type { search as searchWorkflow } from '../search.ts';
import { show } from './marks.ts';

/** The search, or the halving, as a child that ends with the training. */
export async function searchGrid(
  input: TrainingInput,
  features: FeaturizeResult,
  progress: TrainingProgress,
  width: SearchWidth,
): Promise<SearchResult> {
  const { name, run, definitionHash } = input;
  const parallelism = progress.candidates?.parallelism ?? features.parallelism;
  const candidates: NonNullable<TrainingProgress['candidates']> = {
    ...{ total: features.candidates, done: 0, failed: 0, running: 0, parallelism },
  };
  progress.candidates = candidates;
  setHandler(searchProgress, ({ best, done, failed, full, running }) => {
    // Two signals sent in the same moment arrive in either order.
    if (done + failed < candidates.done + candidates.failed) return;
    Object.assign(candidates, { done, failed, running, ...(full === undefined ? {} : { full }) });
    progress.best = best;
    show(progress);
  });
  const { featuresDigest, metric, searchMs, families, stopEarly, halving: plan } = features;
  const search: Omit<SearchInput, 'carried'> = {
    ...{ name, run, definitionHash, featuresDigest, total: features.candidates, metric, parallelism },
    ...(searchMs === undefined ? {} : { searchMs }),
  };
  const common = {
    workflowId: ids.search(name, run),
    parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
    staticSummary: `${plan ? 'Successive halving' : 'Search'} of ${name}: ${features.candidates} candidates, ${features.folds} folds`,
    typedSearchAttributes: [
      { key: searchAttributes.lifecycle, value: name },
      { key: searchAttributes.run, value: run },
    ],
  };
  const child = plan
    ? await startChild<typeof halvingWorkflow>('halving', { ...common, args: [{ ...search, plan }] })
    : await startChild<typeof searchWorkflow>('search', {
        ...common,
        args: [{ ...search, ...(families ? { families } : {}), ...(stopEarly ? { stopEarly } : {}) }],
      });
  width.tell = (changed) => child.signal(searchParallelism, changed);
  // Changed while the search was being started.
  if (candidates.parallelism !== parallelism) await width.tell(candidates.parallelism);
  const result = await child.result();
  const { done, failed, full } = result;
  Object.assign(candidates, { done, failed, running: 0, ...(full === undefined ? {} : { full }) });
  progress.best = result.best;
  return result;
}

/** Tells the search how wide it may be, once there is one. */
export interface SearchWidth {
  tell?: (parallelism: number) => Promise<void>;
}

/** The live control of the search's width; kept for a search that has not begun. */
export function handleParallelism(progress: TrainingProgress): SearchWidth {
  const width: SearchWidth = {};
  setHandler(
    setParallelism,
    async (parallelism) => {
      progress.candidates ??= { total: 0, done: 0, failed: 0, running: 0, parallelism };
      progress.candidates.parallelism = parallelism;
      show(progress);
      await width.tell?.(parallelism);
      return parallelism;
    },
    {
      validator: (parallelism) => {
        if (!Number.isInteger(parallelism) || parallelism < 1 || parallelism > 64) {
          throw new RangeError(`parallelism is ${parallelism}; expected a whole number from 1 to 64`);
        }
        if (
          progress.stages.some((s) => s.stage === 'search' && (s.state === 'done' || s.state === 'failed'))
        ) {
          throw new RangeError('the search has ended');
        }
      },
    },
  );
  return width;
}
