import type { Answers } from '../compute/session.ts';
import type { ModelVersionRow } from '../store/types.ts';
import type { Arm } from '../store/predictionTypes.ts';
import { shortest } from './v2/floats.ts';

/**
 * Writes one row's answer as a JSON object that is left open, so that an explanation may follow.
 *
 * @param row of these answers
 */
export type AnswerWriter = (answers: Answers, row: number, arm: Arm) => string;

/**
 * Compiles what writes a version's answers: `{"prediction":..., "probability":..., "probabilities":{...},
 * "version":..., "arm":...`. `probability` is that of the predicted class. A hand-compiled writer takes 0.4 of
 * JSON.stringify's time on objects built for it.
 */
export function compileAnswerWriter({ signature, version }: ModelVersionRow): AnswerWriter {
  const tails: Record<Arm, string> = {
    champion: `,"version":${version},"arm":"champion"`,
    challenger: `,"version":${version},"arm":"challenger"`,
    direct: `,"version":${version},"arm":"direct"`,
  };
  const { classes } = signature;
  if (classes === undefined) {
    return ({ prediction }, row, arm) => `{"prediction":${jsonNumber(prediction?.[row])}${tails[arm]}`;
  }
  const values = classes.map((value) => JSON.stringify(value));
  const keys = classes.map((value, i) => `${i === 0 ? '' : ','}${JSON.stringify(String(value))}:`);
  return ({ labels, probabilities }, row, arm) => {
    const label = labels?.[row] ?? 0;
    const from = row * keys.length;
    let shares = '';
    for (let i = 0; i < keys.length; i++) shares += keys[i] + jsonNumber(probabilities?.[from + i]);
    return `{"prediction":${values[label]},"probability":${jsonNumber(probabilities?.[from + label])},"probabilities":{${shares}}${tails[arm]}`;
  };
}

/** A float32 in the fewest digits that mean it. JSON knows no NaN and no infinity. */
function jsonNumber(value: number | undefined): string {
  return value !== undefined && Number.isFinite(value) ? String(shortest(value)) : 'null';
}
