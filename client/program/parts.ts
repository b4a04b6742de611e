import { InvalidArgumentError } from 'commander';

/** A command's code is loaded when it is called: `--help` answers without Temporal, Postgres and ONNX Runtime. */
export type Handler<Args extends unknown[]> = (...args: Args) => Promise<number | void>;
export type Lazy = <Args extends unknown[]>(
  load: () => Promise<Handler<Args>>,
) => (...args: Args) => Promise<void>;

export const JSON_OPTION = 'print one JSON object as the last line of stdout';
export const AS_OPTION = "who gives the order (default: the operating system's user); stands in the audit";

export function examples(...lines: string[]): string {
  return `\nExamples:\n${lines.map((line) => `  $ ${line}`).join('\n')}\n`;
}

export function collect(value: string, all: string[] = []): string[] {
  return [...all, value];
}

export function wholeNumber(value: string): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1)
    throw new InvalidArgumentError('Expected a whole number from 1.');
  return number;
}

export function positive(value: string): number {
  const number = Number(value);
  if (!(number > 0) || !Number.isFinite(number)) throw new InvalidArgumentError('Expected a number above 0.');
  return number;
}
