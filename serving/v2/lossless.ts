/**
 * Rewrites JSON as Python clients write it, so that JSON.parse loses nothing: NaN becomes null; Infinity and
 * whole numbers of 16 digits and more become text. What stands in strings is left alone.
 */
export function keepValues(text: string): string {
  let kept = '';
  let copied = 0;
  const replace = (from: number, to: number, by: string) => {
    kept += text.slice(copied, from) + by;
    copied = to;
  };
  for (let at = 0; at < text.length;) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = endOfString(text, at);
    } else if (code === CAPITAL_N && text.startsWith('NaN', at)) {
      replace(at, at + 3, 'null');
      at += 3;
    } else if (code === CAPITAL_I && text.startsWith('Infinity', at)) {
      const from = text[at - 1] === '-' ? at - 1 : at;
      replace(from, at + 8, `"${text.slice(from, at + 8)}"`);
      at += 8;
    } else if (isDigit(code)) {
      const end = endOfNumber(text, at);
      const from = text[at - 1] === '-' ? at - 1 : at;
      if (end - at >= LONG && isWhole(text, at, end)) replace(from, end, `"${text.slice(from, end)}"`);
      at = end;
    } else {
      at++;
    }
  }
  return kept + text.slice(copied);
}

/** 2^53, up to which a double holds every whole number, has 16 digits. */
const LONG = 16;
const QUOTE = 0x22;
const CAPITAL_I = 0x49;
const CAPITAL_N = 0x4e;

/** The place after the closing quote, or the end of the text. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let before = end - 1;
    while (text[before] === '\\') before--;
    // An even number of backslashes escape each other.
    if ((end - 1 - before) % 2 === 0) return end + 1;
  }
  return text.length;
}

/** The place after a number's digits, point and exponent. */
function endOfNumber(text: string, start: number): number {
  let end = start + 1;
  while (end < text.length && isOfNumber(text.charCodeAt(end))) end++;
  return end;
}

function isWhole(text: string, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (!isDigit(text.charCodeAt(at))) return false;
  return true;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** Digits . + - e E */
function isOfNumber(code: number): boolean {
  return isDigit(code) || code === 0x2e || code === 0x2b || code === 0x2d || code === 0x65 || code === 0x45;
}
