import { z } from 'zod';
import { explainIssue } from './explain.ts';
import { PerennialError } from './errors.ts';

const inputSchema = z.strictObject({
  /** The raw column, as `predict` and the gateway read it. */
  name: z.string().min(1).max(200),
  columnType: z.enum(['number', 'boolean', 'timestamp', 'string']),
  /** The graph's input that it is a column of, in the order of this list. Default: the one of its name, or the only one. */
  input: z.string().min(1).optional(),
});

const schema = z.strictObject({
  target: z.string().min(1).max(200),
  inputs: z.array(inputSchema).min(1).max(2000),
  /** Default: two classes are binary, more multiclass; a graph without classes is a regression. */
  task: z.enum(['binary', 'multiclass', 'regression']).optional(),
  /** Names of the classes in the order of the graph's probabilities. Default: as the file says them. */
  classes: z
    .array(z.union([z.string(), z.number(), z.boolean()]))
    .min(2)
    .max(10_000)
    .optional(),
  /** Binary: the class whose probability is scored. Default: `true`, 1, or the last. */
  positive: z.union([z.string(), z.number(), z.boolean()]).optional(),
});

/** What a person says of a model file that this project did not train: the raw columns, and what it predicts. */
export type ForeignSignature = z.infer<typeof schema>;

/** @throws PerennialError INVALID_INPUT naming the path, the value and what would be right */
export function parseForeignSignature(input: unknown): ForeignSignature {
  const parsed = schema.safeParse(input);
  if (!parsed.success) {
    const { message, field, value, expected, cause } = explainIssue(parsed.error, input);
    throw new PerennialError('INVALID_INPUT', `The signature: ${message}`, { field, value, expected, cause });
  }
  const { inputs, classes, positive } = parsed.data;
  inputs.forEach(({ name }, i) => {
    // DuckDB, which reads the files of `predict`, tells no capitals from small letters.
    const same = inputs.findIndex((other) => other.name.toLowerCase() === name.toLowerCase());
    if (same < i) throw wrongSignature(`inputs[${i}].name`, name, 'each column once');
  });
  classes?.forEach((each, i) => {
    if (typeof each !== typeof classes[0])
      throw wrongSignature(`classes[${i}]`, each, `a ${typeof classes[0]}, as the first one`);
    if (classes.indexOf(each) < i) throw wrongSignature(`classes[${i}]`, each, 'each class once');
  });
  if (positive !== undefined && classes && !classes.includes(positive))
    throw wrongSignature(
      'positive',
      positive,
      `one of ${classes.map((each) => JSON.stringify(each)).join(', ')}`,
    );
  return parsed.data;
}

export function wrongSignature(field: string, value: unknown, expected: string): PerennialError {
  return new PerennialError(
    'INVALID_INPUT',
    `The signature: ${field} is ${value === undefined ? 'missing' : JSON.stringify(value)}; expected ${expected}.`,
    { field, value, expected },
  );
}
