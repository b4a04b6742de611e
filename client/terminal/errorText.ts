import type { PerennialError } from '../../config/errors.ts';
import type { Colors } from './terminal.ts';

/** One message, and what it does not say itself of field, value and expectation. */
export function errorText(error: PerennialError, colors: Colors): string {
  const { message, field, value, expected } = error;
  const facts = [
    ['field', field],
    ['found', value],
    ['expected', expected],
  ] as const;
  const lines = facts
    .filter(([, fact]) => fact !== undefined && fact !== '' && !message.includes(fact))
    .map(([label, fact]) => `  ${colors.dim(label.padEnd(8))} ${fact}`);
  return [`${colors.red('error')} ${message}`, ...lines].join('\n');
}

/** The same for programs: what --json prints when a command fails. */
export function errorObject(error: PerennialError): { error: Record<string, string | null> } {
  const { code, message, field = null, value = null, expected = null } = error;
  return { error: { code, message, field, value, expected } };
}
