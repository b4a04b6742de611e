import { refusal, tooLarge } from './refusal.ts';

/** Fields of a parsed JSON document. Clients write null for what they do not say. */
export type Fields = Readonly<Record<string, unknown>>;

export function object(value: unknown, place: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw refusal(place, `${place} must be a JSON object.`, { value });
}

export function optionalObject(value: unknown, place: string): Fields | undefined {
  return value === undefined || value === null ? undefined : object(value, place);
}

export function optionalFlag(value: unknown, place: string): boolean | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'boolean') return value;
  throw refusal(place, `${place} must be true or false.`, { value });
}

export function text(value: unknown, place: string, maxBytes: number): string {
  if (typeof value !== 'string') throw refusal(place, `${place} must be text.`, { value });
  refuseText(value, place, maxBytes);
  return value;
}

export function optionalText(value: unknown, place: string, maxBytes: number): string | undefined {
  return value === undefined || value === null ? undefined : text(value, place, maxBytes);
}

/** @throws PerennialError TOO_LARGE; INVALID_INPUT for half of a character, which UTF-8 cannot write */
export function refuseText(value: string, place: string, maxBytes: number): void {
  // A UTF-16 unit takes at most three bytes of UTF-8, so short texts need no counting.
  if (value.length * 3 > maxBytes && Buffer.byteLength(value) > maxBytes) {
    throw tooLarge(place, `${place} is longer than ${maxBytes} bytes.`, maxBytes);
  }
  if (LONE_SURROGATE.test(value)) throw refusal(place, `${place} holds half of a character.`);
}

const LONE_SURROGATE = /\p{Surrogate}/u;
