import { createLogUpdate } from 'log-update';
import { fit } from './parts.ts';
import type { Colors, Terminal } from './terminal.ts';

/** Shows how something goes on: redrawn in place on a terminal, a line per change elsewhere. */
export interface Display<State> {
  update: (state: State) => void;
  /** A remark under the picture (on a terminal), or a line of its own. */
  remark: (text: string | undefined) => void;
  /** Leaves the last state standing. */
  stop(): void;
}

export interface Picture<State> {
  /** Told of every state before it is shown, for clocks. */
  see?: (state: State) => void;
  /** Lines that are no wider than the terminal, so that redrawing is exact. */
  frame: (state: State, view: View) => string[];
  /** The news between two states, a line each: for logs and pipes, where nothing can be drawn over. */
  lines: (before: State | undefined, now: State) => string[];
}

export interface View {
  /** Width of the terminal. */
  columns: number;
  /** Counts up with every frame. */
  tick: number;
  colors: Colors;
}

const FRAME_MS = 100;

export function openDisplay<State>(terminal: Terminal, picture: Picture<State>): Display<State> {
  return terminal.live ? drawn(terminal, terminal.live, picture) : written(terminal, picture);
}

function drawn<State>(
  { noteColors: colors, footer }: Terminal,
  stream: NodeJS.WriteStream,
  picture: Picture<State>,
): Display<State> {
  const log = createLogUpdate(stream);
  let state: State | undefined;
  let remark: string | undefined;
  let tick = 0;
  const draw = () => {
    if (state === undefined) return;
    const view = { columns: stream.columns || 80, tick: tick++, colors };
    const below = [
      ...(footer ? [colors.dim(fit(`  ${footer()}`, view.columns - 1))] : []),
      ...(remark ? [colors.yellow(fit(`  ${remark}`, view.columns - 1))] : []),
    ];
    log([...picture.frame(state, view), ...below].join('\n'));
  };
  const timer = setInterval(draw, FRAME_MS);
  return {
    update(next) {
      state = next;
      picture.see?.(next);
    },
    remark(text) {
      remark = text;
    },
    stop() {
      clearInterval(timer);
      remark = undefined;
      draw();
      log.done();
    },
  };
}

function written<State>(terminal: Terminal, picture: Picture<State>): Display<State> {
  let last: State | undefined;
  let remarked: string | undefined;
  return {
    update(next) {
      picture.see?.(next);
      for (const line of picture.lines(last, next)) terminal.note(line);
      last = next;
    },
    remark(text) {
      if (text !== undefined && remarked === undefined) terminal.note(text);
      remarked = text;
    },
    stop: () => undefined,
  };
}
