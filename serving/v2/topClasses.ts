import { shortest } from './floats.ts';

/**
 * The most probable classes of each row, as the protocol's classification extension writes them: `0.8:1:true` for the
 * probability, the index and the name. Equal ones in the order of their indexes.
 *
 * @param probabilities row-major [rows, width]
 * @param count classes a row, at most `width`
 * @param names by index
 */
export function topClasses(
  probabilities: Float32Array,
  width: number,
  count: number,
  names: readonly (string | number | boolean)[],
): string[] {
  const texts: string[] = [];
  const indexes = Array.from({ length: width }, (_, index) => index);
  for (let from = 0; from < probabilities.length; from += width) {
    const ranked = indexes.toSorted((a, b) => probabilities[from + b] - probabilities[from + a]);
    for (const index of ranked.slice(0, count)) {
      texts.push(`${shortest(probabilities[from + index])}:${index}:${names[index]}`);
    }
  }
  return texts;
}
