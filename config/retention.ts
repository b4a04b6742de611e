/** Predictions are kept for so many days (UTC) at least. */
export const PREDICTION_DAYS = 90;

/**
 * Labels are kept for so many. One of a key is of every prediction of that key, also of those that come after it: with twice the
 * time, what was asked up to PREDICTION_DAYS after it was told keeps it for as long as it is kept itself.
 */
export const labelDays = (predictionDays: number): number => 2 * predictionDays;
