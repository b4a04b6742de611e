import type { ExplainableModel } from './readModel.ts';

/**
 * What the model answers where these are its numbers: a value, or a probability for each class (of two classes for the
 * one that is explained alone). So a reading of a file is held against the file's own answers.
 */
export function answersOf({ link }: Pick<ExplainableModel, 'link'>, scores: Float64Array): Float64Array {
  switch (link) {
    case 'none':
      return scores;
    case 'logistic':
      return scores.map(sigmoid);
    case 'softmax': {
      const highest = Math.max(...scores);
      return shares(scores.map((score) => Math.exp(score - highest)));
    }
    case 'sigmoids':
      return shares(scores.map(sigmoid));
  }
}

function sigmoid(value: number): number {
  return 1 / (1 + Math.exp(-value));
}

function shares(parts: Float64Array): Float64Array {
  const sum = parts.reduce((a, b) => a + b, 0);
  return parts.map((part) => part / sum);
}
