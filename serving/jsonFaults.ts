import { PerennialError } from '../config/errors.ts';

/** Why a parsed body is not sound, with the path of the first fault, such as `rows[3].distance`. Off the usual path. */
export function faultOf(value: unknown, text: string): PerennialError {
  return findUnsound(value, '') ?? twice(findDuplicate(text));
}

/** Whether a key reaches a prototype, as `secure-json-parse` judges it. */
export function isPoison(key: string, value: unknown): boolean {
  if (key === '__proto__') return true;
  return (
    key === 'constructor' && typeof value === 'object' && value !== null && Object.hasOwn(value, 'prototype')
  );
}

function findUnsound(value: unknown, path: string): PerennialError | undefined {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    const field = path || 'body';
    return refusal(field, `${field} is a number beyond the range of a double.`, 'a number up to 1.8e308');
  }
  if (typeof value !== 'object' || value === null) return undefined;
  for (const key of Object.keys(value)) {
    const item = (value as Record<string, unknown>)[key];
    const field = Array.isArray(value) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`;
    if (!Array.isArray(value) && isPoison(key, item)) {
      return refusal(field, `The body may not have a field ${field}.`, 'no field that reaches a prototype');
    }
    const found = findUnsound(item, field);
    if (found) return found;
  }
  return undefined;
}

function twice(field: string): PerennialError {
  return refusal(field, `The body has the field ${field} more than once.`, 'each field once');
}

function refusal(field: string, message: string, expected: string): PerennialError {
  return new PerennialError('INVALID_INPUT', message, { field, expected });
}

/** The path of the first field that stands twice in one object. @param text valid JSON that has such a field */
function findDuplicate(text: string): string {
  const open: Container[] = [];
  let string = '';
  for (let i = 0; i < text.length; i++) {
    const here = open.at(-1);
    const character = text[i];
    if (character === '{') open.push({ keys: new Set(), at: '' });
    else if (character === '[') open.push({ at: 0 });
    else if (character === ']' || character === '}') open.pop();
    else if (character === ',' && typeof here?.at === 'number') here.at++;
    else if (character === '"') {
      const start = i;
      for (i++; text[i] !== '"'; i++) if (text[i] === '\\') i++;
      string = text.slice(start, i + 1);
    } else if (character === ':' && here?.keys) {
      const key = JSON.parse(string) as string;
      here.at = key;
      if (here.keys.has(key)) return pathOf(open);
      here.keys.add(key);
    }
  }
  return 'body';
}

interface Container {
  /** Of an object: those met so far. */
  keys?: Set<string>;
  /** The key or the index that is being read. */
  at: string | number;
}

function pathOf(open: readonly Container[]): string {
  let path = '';
  for (const { at } of open) path += typeof at === 'number' ? `[${at}]` : path === '' ? at : `.${at}`;
  return path;
}
