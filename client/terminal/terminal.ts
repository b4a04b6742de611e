import pc from 'picocolors';

export type Colors = ReturnType<typeof pc.createColors>;

/** Where a command writes. Results go to stdout, everything about the way to them to stderr. */
export interface Terminal {
  /** A line of the result. With --json it goes to stderr, so that stdout ends with the object. */
  print(text: string): void;
  /** A line about what is going on. */
  note(text: string): void;
  /** The one JSON object of --json; nothing without it. */
  object(value: unknown): void;
  /** Of `print`. */
  colors: Colors;
  /** Of `note` and of progress. */
  noteColors: Colors;
  /** Where live progress is drawn; undefined where stderr is no terminal. */
  live?: NodeJS.WriteStream;
  /** Stands under whatever is drawn there: what goes on beside it. */
  footer?: () => string;
}

/** Colours are for terminals, and NO_COLOR turns them off there too. */
export function openTerminal(options: { json?: boolean } = {}): Terminal {
  const { stdout, stderr } = process;
  const target = options.json ? stderr : stdout;
  return {
    print: (text) => void target.write(`${text}\n`),
    note: (text) => void stderr.write(`${text}\n`),
    object: (value) => void (options.json && stdout.write(`${JSON.stringify(value)}\n`)),
    colors: colorsOf(target),
    noteColors: colorsOf(stderr),
    live: stderr.isTTY ? stderr : undefined,
  };
}

// picocolors looks at stdout alone and takes CI for a terminal; `isTTY` is true or not there at all.
function colorsOf(stream: NodeJS.WriteStream): Colors {
  return pc.createColors(pc.isColorSupported && Boolean(stream.isTTY));
}
