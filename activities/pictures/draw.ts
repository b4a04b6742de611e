import { METRICS, type MetricName } from '../../learning/metrics/names.ts';
import type { StoredExplanation } from '../../learning/explain/stored.ts';
import type { CandidateRow } from '../../store/types.ts';
import type { StoredEvaluation } from '../evaluation.ts';
import { drawCalibration } from './calibration.ts';
import { drawCandidates } from './candidates.ts';
import { drawConfusion } from './confusion.ts';
import { drawContributions } from './contributions.ts';
import { drawPrecisionRecall, drawRoc } from './curves.ts';
import { drawDependence } from './dependence.ts';
import { drawImportance } from './importance.ts';
import { drawPredictedVsActual, drawResiduals } from './regression.ts';
import { renderReport } from './report.ts';

export interface Drawing {
  stored: Omit<StoredEvaluation, 'pictures' | 'reportDigest'>;
  explanation: StoredExplanation;
  /** Of the lifecycle and its run. */
  name: string;
  run: number;
  candidates: readonly CandidateRow[];
  winner: { index: number; learner: string; params: CandidateRow['params'] } | undefined;
  /** Digests by what they are of. */
  lineage: Record<string, string>;
}

/**
 * Every picture that an evaluation has, as SVG by name, and the page that holds them all.
 * The same numbers give the same bytes, so a step that is run again stores nothing twice.
 */
export async function drawPictures(
  drawing: Drawing,
): Promise<{ pictures: Record<string, string>; report: string }> {
  const { stored, candidates, winner } = drawing;
  const { evaluation, importance } = stored;
  const metric = metricOf(stored.selectedBy);
  const drawn: Record<string, string | undefined> = {
    candidates: await drawCandidates(candidates, metric, winner?.index),
    importance: await drawImportance(importance, metric),
    contributions: await drawContributions(drawing.explanation.contributions),
    dependence: await drawDependence(drawing.explanation, stored.signature),
    ...(evaluation.task === 'regression'
      ? {
          'predicted-vs-actual': await drawPredictedVsActual(evaluation),
          residuals: await drawResiduals(evaluation),
        }
      : {
          confusion: await drawConfusion(evaluation),
          roc: await drawRoc(evaluation),
          'precision-recall': await drawPrecisionRecall(evaluation),
          calibration: await drawCalibration(evaluation),
        }),
  };
  const pictures: Record<string, string> = {};
  for (const [name, svg] of Object.entries(drawn)) {
    if (svg !== undefined) pictures[name] = svg;
  }
  return { pictures, report: renderReport({ ...drawing, metric, pictures }) };
}

function metricOf(name: string): MetricName {
  if (!(name in METRICS))
    throw new RangeError(`${name} is no metric; expected one of ${Object.keys(METRICS).join(', ')}.`);
  return name as MetricName;
}
