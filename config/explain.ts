import type { z } from 'zod';
import { PerennialError } from './errors.ts';

/** Turns the first issues of a zod error into one error: path, value, what would be right. */
export function explainIssue(error: { issues: readonly z.core.$ZodIssue[] }, input: unknown): PerennialError {
  const [first, ...others] = error.issues.map((issue) => locate(issue, input));
  if (!first) throw new TypeError('a refusal without an issue');
  const lines = [first, ...others.slice(0, MAX_ISSUES - 1)].map(
    (at) => `${pathText(at.path)} ${at.found}: ${at.expected}`,
  );
  const more = error.issues.length - lines.length;
  return new PerennialError(
    'INVALID_DEFINITION',
    `${lines.join('; ')}${more > 0 ? ` (and ${more} more)` : ''}.`,
    {
      field: pathText(first.path),
      value: shown(first.path, valueAt(input, first.path)) ?? null,
      expected: first.expected,
      cause: error,
    },
  );
}

const MAX_ISSUES = 5;

interface Located {
  path: PropertyKey[];
  found: string;
  expected: string;
}

function locate(issue: z.core.$ZodIssue, input: unknown): Located {
  if (issue.code === 'unrecognized_keys') {
    return {
      path: [...issue.path, issue.keys[0] ?? ''],
      found: 'is not known',
      expected: `remove it, or check its spelling`,
    };
  }
  if (issue.code === 'invalid_union') {
    // The branch that got furthest says most.
    const deepest = issue.errors.flat().sort((a, b) => b.path.length - a.path.length)[0];
    if (deepest && deepest.path.length > 0)
      return locate({ ...deepest, path: [...issue.path, ...deepest.path] }, input);
  }
  const value = valueAt(input, issue.path);
  const found = value === undefined ? 'is missing' : `is ${brief(shown(issue.path, value))}`;
  return { path: [...issue.path], found, expected: issue.message.replace(/^Invalid (input|option): /, '') };
}

function valueAt(input: unknown, path: PropertyKey[]): unknown {
  let value = input;
  for (const step of path) {
    if (value === null || typeof value !== 'object') return undefined;
    value = (value as Record<PropertyKey, unknown>)[step];
  }
  return value;
}

function pathText(path: PropertyKey[]): string {
  if (path.length === 0) return 'definition';
  return path
    .map((p, i) => (typeof p === 'number' ? `[${p}]` : i === 0 ? String(p) : `.${String(p)}`))
    .join('');
}

function brief(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 80)}...` : text;
}

/** What is refused for holding a secret must not show it: messages end in logs and histories. */
function shown(path: PropertyKey[], value: unknown): unknown {
  // Below `sources` alone it is the name of a source.
  if (path.lastIndexOf('headers') > 1 && value !== undefined) return '***';
  return withoutSecrets(value);
}

function withoutSecrets(value: unknown): unknown {
  // Bounded: each colon of a long text would else be followed to its end.
  if (typeof value === 'string')
    return value.replace(/(https?:[/\\\s]*|:[/\\\s]+)[^/?#\\]{0,2048}@/gi, '$1***@');
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [name, name === 'headers' ? '***' : withoutSecrets(each)]),
  );
}
