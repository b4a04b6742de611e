/**
 * Names that people chose (classes, columns) as labels: without control characters, which XML cannot hold, at most
 * `maxLength` long, and still different where the names are. Vega keeps groups as properties of plain objects and reads
 * names in expressions as its functions', so what every object has ("constructor") gets a space that takes no room.
 */
export function labelsOf(names: readonly string[], maxLength = 36): string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    const clean = printable(name).trim();
    const short = apart(shorten(clean === '' ? '(empty)' : clean, maxLength));
    let label = short;
    for (let n = 2; taken.has(label); n++) label = `${short} (${n})`;
    taken.add(label);
    return label;
  });
}

function apart(label: string): string {
  return label in Object.prototype ? `${label}\u200B` : label;
}

/** Without control characters and lone surrogates, which XML cannot hold, and without marks that turn a line around. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cs}\u202A-\u202E\u2066-\u2069\uFFFE\uFFFF]/gu, '\uFFFD');
}

/** Keeps the beginning and the end, where names tend to differ. */
export function shorten(text: string, maxLength: number): string {
  const characters = Array.from(text);
  if (characters.length <= maxLength) return text;
  const tail = Math.floor(maxLength / 3);
  return `${characters.slice(0, maxLength - tail - 1).join('')}…${characters.slice(-tail).join('')}`;
}

/** A number for people: four significant digits, thousands set apart, a true minus sign as on the axes. */
export function formatNumber(value: number): string {
  if (value < 0) return `−${formatNumber(-value)}`;
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return formatCount(value);
  if (value !== 0 && (Math.abs(value) >= 1e6 || Math.abs(value) < 1e-4)) return value.toExponential(3);
  return Math.abs(value) >= 1000 ? formatCount(Math.round(value)) : value.toPrecision(4);
}

/** A standard error or deviation: two significant digits say enough. */
export function formatError(value: number): string {
  if (value >= 10) return formatCount(Math.round(value));
  return value !== 0 && value < 1e-4 ? value.toExponential(1) : value.toPrecision(2);
}

/** 1234567 as 1,234,567. */
export function formatCount(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}

/**
 * Width in pixels, a little on the wide side: the machine that draws has no fonts, the one that shows has some
 * sans-serif. Widths by group are those of DejaVu Sans and Liberation Sans, whichever is wider.
 */
export function measureText(text: string, fontSize: number, bold: boolean): number {
  let ems = 0;
  for (const character of text) {
    if (/[ijl.,:;'|!() ]/.test(character)) ems += 0.36;
    else if (/[mwMW%@…]/.test(character)) ems += 0.98;
    else if (/[A-Z_+=<>#&]/.test(character)) ems += 0.74;
    else if (character < '\u1100') ems += 0.62;
    else ems += 1.05; // East Asian scripts and pictographs
  }
  return Math.ceil(ems * fontSize * (bold ? 1.1 : 1));
}
