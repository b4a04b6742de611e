import { z } from 'zod';
import { naiveBayes } from '../../learning/learners/naiveBayes.ts';
import type { NaiveBayesModel } from '../../learning/learners/naiveBayes/model.ts';
import { shelf } from '../../learning/learners/shelf.ts';
import type { Learner } from '../../learning/types.ts';

const params = z.strictObject({ bytes: z.int().min(0).max(Number.MAX_SAFE_INTEGER).default(0) });
type Params = z.output<typeof params>;

/** More than any process can have. */
export const TOO_MANY_BYTES = 2 ** 46;

/** Naive Bayes that asks for memory first, as much as it is told to: a learner of a newcomer's, with a family. */
const hungry: Learner<Params, NaiveBayesModel> = {
  ...naiveBayes,
  name: 'hungry',
  refuses: undefined,
  params,
  units: () => 1,
  fit: (problem, { bytes }, seed) => {
    // Held while it is fitted, so that it is asked for.
    const eaten = new ArrayBuffer(bytes);
    const model = naiveBayes.fit(problem, { smoothing: 1e-9, classWeight: null }, seed, 0, 1);
    return eaten.byteLength === bytes ? model : { ...model, classes: 0 };
  },
  family: {
    by: ['bytes'],
    fit: (problem, members, seed) => members.map((member) => hungry.fit(problem, member, seed, 0, 1)),
  },
};

(shelf as Map<string, Learner>).set(hungry.name, hungry as unknown as Learner);
