import type { TrainerDependencies } from './dependencies.ts';
import { evaluateActivities } from './evaluate.ts';
import { externalRefitActivities } from './external/refit.ts';
import { externalScoreActivities } from './external/score.ts';
import { featurizeActivities } from './featurize.ts';
import { ingestActivities } from './ingest.ts';
import { pairActivities } from './pairs.ts';
import { parityActivities } from './parity.ts';
import { referenceActivities } from './reference.ts';
import { refitActivities } from './refit.ts';
import { trainActivities } from './train.ts';
import { trainFamilyActivities } from './trainFamily.ts';
import { validateActivities } from './validate.ts';
import { labelActivities } from './watch/labels.ts';
import { windowActivities } from './watch/observeWindow.ts';
import { recordActivities } from './watch/recordWindow.ts';
import { sourceActivities } from './watch/sources.ts';

/** Whatever reads a dataset or computes with a model. */
export function trainerActivities(dependencies: TrainerDependencies) {
  return {
    ...ingestActivities(dependencies),
    ...validateActivities(dependencies),
    ...featurizeActivities(dependencies),
    ...trainActivities(dependencies),
    ...trainFamilyActivities(dependencies),
    ...refitActivities(dependencies),
    ...externalScoreActivities(dependencies),
    ...externalRefitActivities(dependencies),
    ...evaluateActivities(dependencies),
    ...parityActivities(dependencies),
    ...pairActivities(dependencies),
    ...referenceActivities(dependencies),
    ...windowActivities(dependencies),
    ...recordActivities(dependencies),
    ...labelActivities(dependencies),
    ...sourceActivities(dependencies),
  };
}
export type TrainerActivities = ReturnType<typeof trainerActivities>;
