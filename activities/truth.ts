import type { Signature } from '../store/types.ts';

export type Label = string | number | boolean;

/**
 * The label as one of the signature's classes, or as a number; undefined where it is none. Labels come from other
 * systems than the training data: `"1"` and 1, `true` and 1 and `"TRUE"` mean the same class where that is unambiguous.
 */
export function truthOf(
  { task, classes }: Pick<Signature, 'task' | 'classes'>,
  label: Label,
): Label | undefined {
  if (task === 'regression' || !classes) return finite(label);
  if (classes.includes(label)) return label;
  return classes.find((value) => plain(value) === plain(label));
}

function finite(label: Label): number | undefined {
  const value = typeof label === 'string' && label.trim() === '' ? NaN : Number(label);
  return Number.isFinite(value) ? value : undefined;
}

/** 0, false, "0" and "False" are one; so are numbers however they are written. */
function plain(value: Label): string {
  if (typeof value === 'boolean') return value ? '1' : '0';
  const text = String(value).trim().toLowerCase();
  if (text === 'true') return '1';
  if (text === 'false') return '0';
  return text !== '' && Number.isFinite(Number(text)) ? String(Number(text)) : text;
}
