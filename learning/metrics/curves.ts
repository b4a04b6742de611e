import { descend, type Ranking } from './ranking.ts';

/** Columns of equal length; point i is what one gets by saying yes to scores >= threshold[i]. */
export interface RocCurve {
  falsePositiveRate: number[];
  truePositiveRate: number[];
  /** Null for the first point: no score is high enough. */
  threshold: (number | null)[];
}

export interface PrecisionRecallCurve {
  recall: number[];
  precision: number[];
  threshold: number[];
}

/**
 * Points of the ROC curve from (0, 0) to (1, 1), thinned for pictures: first the points on a straight line with their
 * neighbours go (nothing changes), then those nearest to each other along the curve. Not for computing areas.
 *
 * @returns undefined where one side has no row
 */
export function rocCurve(ranking: Ranking, maxPoints = MAX_POINTS): RocCurve | undefined {
  const { positives, negatives } = ranking;
  if (positives.length === 0 || negatives.length === 0) return undefined;
  const points: Point[] = [{ x: 0, y: 0, threshold: null }];
  descend(ranking, (threshold, yes, no) => {
    const point = { x: no / negatives.length, y: yes / positives.length, threshold };
    if (points.length > 1 && onOneLine(points[points.length - 2], points[points.length - 1], point))
      points.pop();
    points.push(point);
  });
  const kept = thin(points, maxPoints, ({ x, y }) => (x + y) / 2);
  return {
    falsePositiveRate: kept.map((point) => round(point.x)),
    truePositiveRate: kept.map((point) => round(point.y)),
    threshold: kept.map((point) => point.threshold),
  };
}

/**
 * Points of the precision-recall curve by rising recall, one per distinct score, thinned for pictures: the least
 * precise of neighbours is not hidden, as points are taken at even steps of recall and of rows said yes to.
 *
 * @returns undefined without a positive row
 */
export function precisionRecallCurve(
  ranking: Ranking,
  maxPoints = MAX_POINTS,
): PrecisionRecallCurve | undefined {
  const positives = ranking.positives.length;
  if (positives === 0) return undefined;
  const total = positives + ranking.negatives.length;
  const points: (Point & { threshold: number; position: number })[] = [];
  descend(ranking, (threshold, yes, no) => {
    points.push({
      x: yes / positives,
      y: yes / (yes + no),
      threshold,
      position: (yes / positives + (yes + no) / total) / 2,
    });
  });
  const kept = thin(points, maxPoints, (point) => point.position);
  return {
    recall: kept.map((point) => round(point.x)),
    precision: kept.map((point) => round(point.y)),
    threshold: kept.map((point) => point.threshold),
  };
}

/** About one point for every second pixel of a picture. */
const MAX_POINTS = 200;

interface Point {
  x: number;
  y: number;
  threshold: number | null;
}

/** Keeps the first point of each even step of a position that rises from 0 to 1, and the two ends. */
function thin<P>(points: P[], maxPoints: number, position: (point: P) => number): P[] {
  if (points.length <= maxPoints) return points;
  const steps = maxPoints - 2;
  let taken = -1;
  return points.filter((point, i) => {
    const step = Math.floor(position(point) * steps);
    if (i === 0 || i === points.length - 1) return true;
    if (step <= taken || step >= steps) return false;
    taken = step;
    return true;
  });
}

/** Whether the middle point adds nothing. Coordinates are shares of counts, so equal slopes are equal up to rounding. */
function onOneLine(a: Point, b: Point, c: Point): boolean {
  return Math.abs((b.x - a.x) * (c.y - b.y) - (b.y - a.y) * (c.x - b.x)) < 1e-15;
}

/** A millionth is far below a pixel, and short numbers keep the artifact small. */
function round(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}
