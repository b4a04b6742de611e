import type { Learner } from '../types.ts';
import { addCalibrator, calibrate, type Calibrator } from './calibrator.ts';

/** What answers for a fitted model: its learner, or that one through a calibrator. */
export type Answering = Pick<Learner, 'name' | 'predict' | 'toOnnx' | 'convergence'>;

/**
 * A learner of classes whose models answer through a calibrator: what reads, compiles and compares models does so alike.
 * The model is the learner's own. It is not on the shelf, as a calibrator is fitted to folds and not to a problem's rows.
 */
export function calibrated(learner: Answering, calibrator: Calibrator, classes: number): Answering {
  return {
    ...learner,
    predict: (model, x, columns, index) =>
      calibrate(calibrator, learner.predict(model, x, columns, index), classes),
    toOnnx(model, graph, features) {
      const outputs = learner.toOnnx(model, graph, features);
      if (!('probabilities' in outputs))
        throw new RangeError(`${learner.name} answered a number, which cannot be calibrated.`);
      return addCalibrator(calibrator, graph, outputs.probabilities, classes);
    },
  };
}
