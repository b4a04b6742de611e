import type { Learner } from '../types.ts';
import { baselineForest } from './baselineForest.ts';
import { boosting } from './boosting.ts';
import { elasticNet } from './elasticNet.ts';
import { extraTrees } from './extraTrees.ts';
import { forest } from './forest.ts';
import { lasso } from './lasso.ts';
import { linearSvm } from './linearSvm.ts';
import { logistic } from './logistic.ts';
import { naiveBayes } from './naiveBayes.ts';
import { neighbors } from './neighbors.ts';
import { ridge } from './ridge.ts';
import { tree } from './tree.ts';

/** Every learner that a definition can name. A new one is a file here and a line below. */
export const shelf: ReadonlyMap<string, Learner> = new Map<string, Learner>(
  [
    forest,
    extraTrees,
    boosting,
    tree,
    logistic,
    linearSvm,
    naiveBayes,
    neighbors,
    ridge,
    lasso,
    elasticNet,
    baselineForest,
  ].map((learner) => [learner.name, learner as Learner]),
);
