/** What the pictures in the terminal are made of. */

export const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

/** A share, 0 to 1, as a bar. */
export function bar(share: number, width: number): string {
  const filled = Math.round(Math.min(1, Math.max(0, share)) * width);
  return '█'.repeat(filled) + '░'.repeat(width - filled);
}

/** 4.2 s, 42 s, 3:05 min, 2:10 h; nothing for no time. */
export function clock(ms: number | undefined): string {
  if (ms === undefined) return '';
  const seconds = Math.floor(ms / 1_000);
  if (seconds < 10) return `${(ms / 1_000).toFixed(1)} s`;
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60
    ? `${minutes}:${two(seconds % 60)} min`
    : `${Math.floor(minutes / 60)}:${two(minutes % 60)} h`;
}

/** Cut where it is too long, with a mark that something is missing. */
export function fit(text: string, room: number): string {
  return text.length <= room ? text : `${text.slice(0, Math.max(0, room - 1))}…`;
}

/** At spaces; the last of at most `lines` lines is cut where there is more to say. */
export function wrap(text: string, room: number, lines: number): string[] {
  const wrapped: string[] = [];
  let rest = text.trim();
  while (rest.length > room && wrapped.length < lines - 1) {
    const space = rest.lastIndexOf(' ', room);
    const at = space > 0 ? space : room;
    wrapped.push(rest.slice(0, at).trimEnd());
    rest = rest.slice(at).trimStart();
  }
  return [...wrapped, fit(rest, room)];
}

function two(number: number): string {
  return String(number).padStart(2, '0');
}
